package oss

import (
	"cmp"
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"s/pkg/local/store"
)

// maxXML bounds the documents that clients send.
const maxXML = 4 << 20

type owner struct {
	ID          string `xml:"ID"`
	DisplayName string `xml:"DisplayName"`
}

func (c *call) owner() owner { return owner{c.cfg.AccountID, c.cfg.AccountID} }

type bucketXML struct {
	CreationDate string `xml:"CreationDate"`
	ExtranetHost string `xml:"ExtranetEndpoint"`
	IntranetHost string `xml:"IntranetEndpoint"`
	Location     string `xml:"Location"`
	Name         string `xml:"Name"`
	StorageClass string `xml:"StorageClass"`
	Region       string `xml:"Region,omitempty"`
	Owner        *owner `xml:"Owner,omitempty"`
	Grant        string `xml:"AccessControlList>Grant,omitempty"`
}

func (c *call) bucketXML(b *store.Bucket) bucketXML {
	return bucketXML{
		CreationDate: stamp(b.Created), ExtranetHost: c.r.Host, IntranetHost: c.r.Host,
		Location: "oss-" + b.Region, Name: b.Name, StorageClass: "Standard", Region: b.Region,
	}
}

// listBuckets lists all buckets at once, those with the prefix after the marker.
func listBuckets(c *call) error {
	q := c.r.URL.Query()
	all, err := c.cfg.Store.Buckets(c.r.Context())
	if err != nil {
		return err
	}
	doc := struct {
		XMLName xml.Name    `xml:"ListAllMyBucketsResult"`
		Owner   owner       `xml:"Owner"`
		Buckets []bucketXML `xml:"Buckets>Bucket"`
	}{Owner: c.owner()}
	for _, b := range all {
		if strings.HasPrefix(b.Name, q.Get("prefix")) && b.Name > q.Get("marker") {
			doc.Buckets = append(doc.Buckets, c.bucketXML(b))
		}
	}
	c.document(http.StatusOK, doc)
	return nil
}

// putBucket makes a bucket. Making one's own bucket again is no error.
func putBucket(c *call) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxXML))
	if err != nil {
		return failure(http.StatusBadRequest, "MalformedXML", "the body can't be read: "+err.Error())
	}
	if len(body) > 0 {
		var doc struct {
			XMLName xml.Name `xml:"CreateBucketConfiguration"`
		}
		if err := xml.Unmarshal(body, &doc); err != nil {
			return failure(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")
		}
	}
	b := store.Bucket{Name: c.bucket, Region: cmp.Or(hostRegion(c.r.Host), c.cfg.Region), Created: c.cfg.Now().UTC()}
	if _, err := c.cfg.Store.CreateBucket(b); err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.bucket)
	return c.empty(http.StatusOK)
}

func deleteBucket(c *call) error {
	if err := c.cfg.Store.DeleteBucket(c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

func headBucket(c *call) error {
	if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

func getLocation(c *call) error {
	b, err := c.cfg.Store.Bucket(c.bucket)
	if err != nil {
		return err
	}
	c.document(http.StatusOK, struct {
		XMLName  xml.Name `xml:"LocationConstraint"`
		Location string   `xml:",chardata"`
	}{Location: "oss-" + b.Region})
	return nil
}

func getBucketInfo(c *call) error {
	b, err := c.cfg.Store.Bucket(c.bucket)
	if err != nil {
		return err
	}
	info, who := c.bucketXML(b), c.owner()
	info.Owner, info.Grant = &who, "private"
	c.document(http.StatusOK, struct {
		XMLName xml.Name  `xml:"BucketInfo"`
		Bucket  bucketXML `xml:"Bucket"`
	}{Bucket: info})
	return nil
}

// getACL says what holds of everything here: it is private.
func getACL(c *call) error {
	grant := "private"
	if c.key != "" {
		if _, err := c.cfg.Store.Object(c.bucket, c.key); err != nil {
			return err
		}
		grant = "default"
	} else if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	c.document(http.StatusOK, struct {
		XMLName xml.Name `xml:"AccessControlPolicy"`
		Owner   owner    `xml:"Owner"`
		Grant   string   `xml:"AccessControlList>Grant"`
	}{Owner: c.owner(), Grant: grant})
	return nil
}
