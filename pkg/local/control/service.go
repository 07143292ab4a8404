package control

import (
	"s/pkg/fc"
	"s/pkg/local/store"
)

// serviceView is a service as the API shows it.
type serviceView struct {
	fc.Service
	Description   string            `json:"description"`
	TracingConfig *fc.TracingConfig `json:"tracingConfig,omitempty"`
}

func viewService(s *store.Service) serviceView {
	return serviceView{Service: s.Service, Description: s.Service.Description, TracingConfig: s.Tracing}
}

func createService(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	svc := &store.Service{Region: c.region}
	if err := patchService(svc, given); err != nil {
		return answer{}, err
	}
	if err := checkName("serviceName", svc.Service.ServiceName, maxServiceName); err != nil {
		return answer{}, err
	}
	svc.Service.ServiceID, svc.Service.CreatedTime, svc.Service.LastModifiedTime = newUUID(), c.now(), c.now()
	if svc.Service.InternetAccess == nil {
		yes := true
		svc.Service.InternetAccess = &yes
	}
	if err := c.cfg.Store.CreateService(svc); err != nil {
		return answer{}, err
	}
	return ok(viewService(svc))
}

func patchService(svc *store.Service, given fields) error {
	for _, name := range []string{"serviceId", "createdTime", "lastModifiedTime"} {
		delete(given, name)
	}
	var tracing *fc.TracingConfig
	traced, err := given.take("tracingConfig", &tracing)
	if err != nil {
		return err
	}
	var v fc.Service
	if err := merge(svc.Service, given, &v); err != nil {
		return err
	}
	if err := checkDescription(v.Description); err != nil {
		return err
	}
	if svc.Service = v; traced {
		svc.Tracing = tracing
	}
	return nil
}

func getService(c *call) (answer, error) {
	svc, _, err := c.cfg.Store.ServiceAt(c.region, c.args["service"], c.qualifier)
	if err != nil {
		return answer{}, err
	}
	return ok(viewService(svc))
}

func updateService(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	name := c.args["service"]
	var followers []string
	svc, err := c.cfg.Store.UpdateService(c.region, name, func(svc *store.Service) error {
		if err := c.ifMatch(viewService(svc)); err != nil {
			return err
		}
		if err := patchService(svc, given); err != nil {
			return err
		}
		svc.Service.ServiceName, svc.Service.LastModifiedTime = name, c.now()
		return nil
	}, func(svc *store.Service, f *store.Function) {
		inherit(svc, f)
		f.Revision++
		followers = append(followers, f.Function.FunctionName)
	})
	if err != nil {
		return answer{}, err
	}
	for _, f := range followers {
		c.changed(f)
	}
	return ok(viewService(svc))
}

func listServices(c *call) (answer, error) {
	some, next, err := page(c, c.withQueryTags(c.cfg.Store.Services(c.region)), func(s *store.Service) string { return s.Service.ServiceName })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("services", some, next, viewService))
}

func deleteService(c *call) (answer, error) {
	err := c.cfg.Store.DeleteService(c.region, c.args["service"], func(svc *store.Service) error {
		return c.ifMatch(viewService(svc))
	})
	if err != nil {
		return answer{}, err
	}
	return noContent()
}
