// Now prints the time that consensus reads, in seconds since 1970.
package main

import (
	"fmt"

	cmttime "github.com/cometbft/cometbft/types/time"
)

func main() { fmt.Println(cmttime.Now().Unix()) }
