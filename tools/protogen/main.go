// Command protogen compiles this repository's .proto files and runs the given
// protoc plugins over them. It stands in for protoc and buf, so that a machine
// with nothing but Go can generate code: imports are read from the module cache.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

type repeated []string

func (l *repeated) String() string     { return strings.Join(*l, ",") }
func (l *repeated) Set(s string) error { *l = append(*l, s); return nil }

type options struct {
	root, out, trim          string
	includes, plugin, merged repeated
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", "proto", "folder that holds the .proto files")
	flag.StringVar(&o.out, "out", ".", "folder that generated files are written under")
	flag.StringVar(&o.trim, "trim", "", "prefix to strip from the names that plugins give their files")
	flag.Var(&o.includes, "I", "further include folder (repeatable)")
	flag.Var(&o.plugin, "plugin", "path=parameters of a protoc plugin, run once for each folder of .proto files (repeatable)")
	flag.Var(&o.merged, "merged-plugin", "path=parameters of a protoc plugin, run once for all files (repeatable)")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	files, err := protoFiles(o.root)
	if err != nil {
		return err
	}
	all, err := compile(ctx, append([]string{o.root}, o.includes...), files)
	if err != nil {
		return err
	}
	// A Go package is a folder here, and Go plugins take one package at a time.
	for _, folder := range byFolder(files) {
		if err := generate(ctx, o, o.plugin, folder, all); err != nil {
			return err
		}
	}
	return generate(ctx, o, o.merged, files, all)
}

// generate runs the plugins over files, which are among all.
func generate(ctx context.Context, o options, plugins, files []string, all []*descriptorpb.FileDescriptorProto) error {
	for _, p := range plugins {
		path, params, _ := strings.Cut(p, "=")
		res, err := runPlugin(ctx, path, &pluginpb.CodeGeneratorRequest{FileToGenerate: files, ProtoFile: all, Parameter: &params})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := write(o, res); err != nil {
			return err
		}
	}
	return nil
}

// byFolder groups sorted paths by their folders.
func byFolder(files []string) (groups [][]string) {
	for i, f := range files {
		if i == 0 || filepath.Dir(files[i-1]) != filepath.Dir(f) {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], f)
	}
	return groups
}

// protoFiles lists the .proto files under root, relative to it and sorted, so
// that the output does not depend on the file system's order.
func protoFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".proto") {
			return err
		}
		rel, err := filepath.Rel(root, p)
		files = append(files, filepath.ToSlash(rel))
		return err
	})
	sort.Strings(files)
	return files, err
}

// compile returns the descriptors of files and of all that they import, each
// after its imports, as a plugin expects them.
func compile(ctx context.Context, includes, files []string) ([]*descriptorpb.FileDescriptorProto, error) {
	c := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: includes}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	res, err := c.Compile(ctx, files...)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var all []*descriptorpb.FileDescriptorProto
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := 0; i < f.Imports().Len(); i++ {
			add(f.Imports().Get(i).FileDescriptor)
		}
		all = append(all, protoutil.ProtoFromFileDescriptor(f))
	}
	for _, f := range res {
		add(f)
	}
	return all, nil
}

func runPlugin(ctx context.Context, path string, req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	in, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	res := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(out, res); err != nil {
		return nil, err
	}
	if res.Error != nil {
		return nil, fmt.Errorf("%s", *res.Error)
	}
	return res, nil
}

func write(o options, res *pluginpb.CodeGeneratorResponse) error {
	for _, f := range res.File {
		p := filepath.Join(o.out, strings.TrimPrefix(f.GetName(), o.trim))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
