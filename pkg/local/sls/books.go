package sls

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Kinds of documents that are kept.
const (
	kindProject  = "project"
	kindLogstore = "logstore"
	kindIndex    = "index"
)

func (c *call) projectExists() error {
	doc, err := c.cfg.Logs.Doc(kindProject, c.project)
	if err != nil || doc != nil || c.cfg.InUse(c.project, "") {
		return err
	}
	return failure(http.StatusNotFound, "ProjectNotExist", "The Project does not exist : "+c.project)
}

func (c *call) storeName() string { return c.project + "/" + c.store }

func (c *call) logstoreExists() error {
	if err := c.projectExists(); err != nil {
		return err
	}
	doc, err := c.cfg.Logs.Doc(kindLogstore, c.storeName())
	if err != nil || doc != nil || c.cfg.InUse(c.project, c.store) {
		return err
	}
	return failure(http.StatusNotFound, "LogStoreNotExist", "logstore "+c.store+" does not exist")
}

// object reads the body, a JSON object.
func (c *call) object() (map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal(c.body, &doc); err != nil || doc == nil {
		return nil, failure(http.StatusBadRequest, "PostBodyInvalid", "the body is not a JSON object")
	}
	return doc, nil
}

func (c *call) keep(kind, name string, doc map[string]any) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return c.cfg.Logs.PutDoc(kind, name, text)
}

// show answers with a document that is kept, laid over what it is by default.
func (c *call) show(kind, name string, standard map[string]any) error {
	text, err := c.cfg.Logs.Doc(kind, name)
	if err == nil && text != nil {
		err = json.Unmarshal(text, &standard)
	}
	if err != nil {
		return err
	}
	c.json(http.StatusOK, standard)
	return nil
}

func (c *call) createProject() error {
	doc, err := c.object()
	if err != nil {
		return err
	}
	name, _ := doc["projectName"].(string)
	if c.project != "" && name != "" && c.project != name {
		return failure(http.StatusBadRequest, "ProjectNameInvalid", "the host is of another project than the body")
	}
	if c.project = name; !validName.MatchString(name) {
		return failure(http.StatusBadRequest, "ProjectNameInvalid", "project name '"+name+"' is invalid")
	}
	if c.projectExists() == nil {
		return failure(http.StatusBadRequest, "ProjectAlreadyExist", "Project "+name+" already exist")
	}
	if err := c.keep(kindProject, name, c.stamped(doc)); err != nil {
		return err
	}
	return c.done()
}

// stamped is a document with the time of its making.
func (c *call) stamped(doc map[string]any) map[string]any {
	now := c.cfg.Now()
	doc["createTime"] = strconv.FormatInt(now.Unix(), 10)
	doc["lastModifyTime"] = doc["createTime"]
	return doc
}

func (c *call) getProject() error {
	if err := c.projectExists(); err != nil {
		return err
	}
	return c.show(kindProject, c.project, map[string]any{
		"projectName": c.project, "region": c.cfg.Region, "status": "Normal", "description": "", "owner": c.cfg.AccountID,
		"createTime": "", "lastModifyTime": "",
	})
}

// deleteProject removes a project with what is in it, as SLS does.
func (c *call) deleteProject() error {
	if err := c.projectExists(); err != nil {
		return err
	}
	names, err := c.cfg.Logs.DocNames(kindLogstore, c.project+"/")
	if err != nil {
		return err
	}
	for _, name := range names {
		_, c.store, _ = strings.Cut(name, "/")
		if err := c.forget(); err != nil {
			return err
		}
	}
	if err := c.cfg.Logs.DeleteDoc(kindProject, c.project); err != nil {
		return err
	}
	return c.done()
}

// forget removes a logstore: its lines, its index and itself.
func (c *call) forget() error {
	if err := c.cfg.Lines.Remove(c.project, c.store); err != nil {
		return err
	}
	if err := c.cfg.Logs.DeleteDoc(kindIndex, c.storeName()); err != nil {
		return err
	}
	return c.cfg.Logs.DeleteDoc(kindLogstore, c.storeName())
}

func (c *call) createLogstore() error {
	doc, err := c.object()
	if err != nil {
		return err
	}
	c.store, _ = doc["logstoreName"].(string)
	if !validName.MatchString(c.store) {
		return failure(http.StatusBadRequest, "LogStoreNameInvalid", "logstore name '"+c.store+"' is invalid")
	}
	if err := c.projectExists(); err != nil {
		return err
	}
	if c.logstoreExists() == nil {
		return failure(http.StatusBadRequest, "LogStoreAlreadyExist", "logstore "+c.store+" already exists")
	}
	if err := c.keep(kindLogstore, c.storeName(), c.stamped(doc)); err != nil {
		return err
	}
	return c.done()
}

func (c *call) getLogstore() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	return c.show(kindLogstore, c.storeName(), map[string]any{"logstoreName": c.store, "ttl": 3600, "shardCount": 1})
}

func (c *call) listLogstores() error {
	if err := c.projectExists(); err != nil {
		return err
	}
	names, err := c.cfg.Logs.DocNames(kindLogstore, c.project+"/")
	if err != nil {
		return err
	}
	stores := []string{}
	for _, name := range names {
		if _, store, _ := strings.Cut(name, "/"); strings.Contains(store, c.query.Get("logstoreName")) {
			stores = append(stores, store)
		}
	}
	c.json(http.StatusOK, map[string]any{"count": len(stores), "total": len(stores), "logstores": stores})
	return nil
}

func (c *call) deleteLogstore() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	if err := c.forget(); err != nil {
		return err
	}
	return c.done()
}

func (c *call) createIndex() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	if had, err := c.cfg.Logs.Doc(kindIndex, c.storeName()); err != nil || had != nil {
		if err == nil {
			err = failure(http.StatusBadRequest, "IndexAlreadyExist", "log store index is already created")
		}
		return err
	}
	return c.putIndex()
}

func (c *call) updateIndex() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	if had, err := c.cfg.Logs.Doc(kindIndex, c.storeName()); err != nil || had == nil {
		if err == nil {
			err = failure(http.StatusNotFound, "IndexConfigNotExist", "index config doesn't exist")
		}
		return err
	}
	return c.putIndex()
}

// putIndex keeps an index as it was given. Whatever it says, all fields are
// searched here.
func (c *call) putIndex() error {
	doc, err := c.object()
	if err != nil {
		return err
	}
	if err := c.keep(kindIndex, c.storeName(), doc); err != nil {
		return err
	}
	return c.done()
}

func (c *call) getIndex() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	text, err := c.cfg.Logs.Doc(kindIndex, c.storeName())
	if err != nil {
		return err
	}
	if text == nil {
		return failure(http.StatusNotFound, "IndexConfigNotExist", "index config doesn't exist")
	}
	return c.show(kindIndex, c.storeName(), map[string]any{"ttl": 3600, "index_mode": "v2"})
}
