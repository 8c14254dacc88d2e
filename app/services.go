package app

import (
	"net/http"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"
	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/core/appmodule"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/proofmarket/proofmarket/app/openapi"
)

// registerServices makes the modules' messages and queries reachable, and with
// them the two services by which clients discover what the chain offers.
func (app *App) registerServices() error {
	app.configurator = module.NewConfigurator(app.enc.Codec, app.MsgServiceRouter(), app.GRPCQueryRouter())
	if err := app.ModuleManager.RegisterServices(app.configurator); err != nil {
		return err
	}
	autocliv1.RegisterQueryServer(app.GRPCQueryRouter(),
		runtimeservices.NewAutoCLIQueryService(app.ModuleManager.Modules))
	reflection, err := runtimeservices.NewReflectionService()
	if err != nil {
		return err
	}
	reflectionv1.RegisterReflectionServiceServer(app.GRPCQueryRouter(), reflection)
	return nil
}

// AutoCliOpts returns what the command line needs to make commands out of the
// modules' services.
func (app *App) AutoCliOpts() autocli.AppOptions {
	modules := make(map[string]appmodule.AppModule)
	for name, m := range app.ModuleManager.Modules {
		if am, ok := m.(appmodule.AppModule); ok {
			modules[name] = am
		}
	}
	return autocli.AppOptions{
		Modules:               modules,
		ModuleOptions:         runtimeservices.ExtractAutoCLIOptions(app.ModuleManager.Modules),
		AddressCodec:          accountCodec,
		ValidatorAddressCodec: validatorCodec,
		ConsensusAddressCodec: consensusCodec,
	}
}

// RegisterAPIRoutes implements servertypes.Application: REST for every query,
// and the description of our modules' REST interface at /openapi.json and /docs.
func (app *App) RegisterAPIRoutes(s *api.Server, cfg config.APIConfig) {
	authtx.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	nodeservice.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	app.BasicManager.RegisterGRPCGatewayRoutes(s.ClientCtx, s.GRPCGatewayRouter)
	s.Router.Path(openapi.SpecPath).Methods(http.MethodGet).Handler(openapi.Spec())
	s.Router.Path(openapi.PagePath).Methods(http.MethodGet).Handler(openapi.Page())
	// The SDK's own pages describe the SDK's modules, on request only: they load
	// scripts and are a matter of taste on a validator.
	if err := server.RegisterSwaggerAPI(s.ClientCtx, s.Router, cfg.Swagger); err != nil {
		app.Logger().Error("the SDK's API pages at /swagger/ are not available", "error", err)
	}
}

// RegisterTxService implements servertypes.Application.
func (app *App) RegisterTxService(clientCtx client.Context) {
	authtx.RegisterTxService(app.GRPCQueryRouter(), clientCtx, app.Simulate, app.enc.Registry)
}

// RegisterTendermintService implements servertypes.Application.
func (app *App) RegisterTendermintService(clientCtx client.Context) {
	cmtservice.RegisterTendermintService(clientCtx, app.GRPCQueryRouter(), app.enc.Registry, app.Query)
}

// RegisterNodeService implements servertypes.Application.
func (app *App) RegisterNodeService(clientCtx client.Context, cfg config.Config) {
	nodeservice.RegisterNodeService(clientCtx, app.GRPCQueryRouter(), cfg,
		func() int64 { return app.CommitMultiStore().EarliestVersion() })
}
