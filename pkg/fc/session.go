package fc

// Session is a session of a function as GetSession of API 2023-03-30 gives it.
type Session struct {
	SessionID           string          `json:"sessionId"`
	FunctionName        string          `json:"functionName,omitempty"`
	Qualifier           string          `json:"qualifier,omitempty"`
	SessionAffinityType string          `json:"sessionAffinityType,omitempty"`
	SessionStatus       string          `json:"sessionStatus,omitempty"` // Active, Expired or Paused
	ContainerID         string          `json:"containerId,omitempty"`   // the instance
	TTLSeconds          int             `json:"sessionTTLInSeconds,omitempty"`
	IdleSeconds         int             `json:"sessionIdleTimeoutInSeconds,omitempty"`
	DisableSessionReuse bool            `json:"disableSessionIdReuse"`
	CreatedTime         string          `json:"createdTime,omitempty"` // 2006-01-02T15:04:05Z
	LastModifiedTime    string          `json:"lastModifiedTime,omitempty"`
	NASConfig           *NASConfig      `json:"nasConfig,omitempty"`
	OSSMountConfig      *OSSMountConfig `json:"ossMountConfig,omitempty"`
	PolarFSConfig       any             `json:"polarFsConfig,omitempty"`
	JuiceFSConfig       any             `json:"juiceFsConfig,omitempty"`
	EnableAutoPause     *bool           `json:"enableAutoPause,omitempty"`
	EnableAutoResume    *bool           `json:"enableAutoResume,omitempty"`
	AllowInternetAccess *bool           `json:"allowInternetAccess,omitempty"`
}

// SessionInput is what CreateSession and UpdateSession take; what is nil isn't sent.
type SessionInput struct {
	SessionID           string          `json:"sessionId,omitempty"` // of CreateSession
	TTLSeconds          *int            `json:"sessionTTLInSeconds,omitempty"`
	IdleSeconds         *int            `json:"sessionIdleTimeoutInSeconds,omitempty"`
	DisableSessionReuse *bool           `json:"disableSessionIdReuse,omitempty"`
	NASConfig           *NASConfig      `json:"nasConfig,omitempty"`
	OSSMountConfig      *OSSMountConfig `json:"ossMountConfig,omitempty"`
	PolarFSConfig       any             `json:"polarFsConfig,omitempty"`
}
