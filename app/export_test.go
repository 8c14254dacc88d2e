package app

// SetUpgrades lets tests register upgrades that no release has.
func (app *App) SetUpgrades(list []Upgrade) error { return app.setUpgrades(list) }
