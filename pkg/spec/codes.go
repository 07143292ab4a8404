package spec

import "s/pkg/diag"

// Codes of diagnostics. They are stable: a code is never given another meaning.
// FC-SPEC-020 was a feature of the format that s didn't have yet.
const (
	CodeRead         = "FC-SPEC-001" // the file can't be read, or isn't a text of sensible size
	CodeSyntax       = "FC-SPEC-002" // not YAML
	CodeShape        = "FC-SPEC-003" // YAML, but not one map
	CodeDuplicateKey = "FC-SPEC-004" // a key stands twice in a map
	CodeYAMLFeature  = "FC-SPEC-005" // aliases without end, nesting too deep, tags, keys that are no text
	CodeEdition      = "FC-SPEC-010" // edition missing, unknown, or not fitting the rest
	CodeComponent    = "FC-SPEC-011" // component unknown or not fitting the edition
	CodeUnknownKey   = "FC-SPEC-012" // a key that means nothing at its place
	CodeType         = "FC-SPEC-013" // a value of the wrong type
	CodeMissing      = "FC-SPEC-014" // a required key is missing
	CodeEnum         = "FC-SPEC-015" // not one of the allowed values
	CodeRange        = "FC-SPEC-016" // a number or length out of range
	CodeName         = "FC-SPEC-017" // a name with characters that the service refuses
	CodeRegion       = "FC-SPEC-018" // region not known to this version (warning)
	CodeConflict     = "FC-SPEC-019" // keys or values that exclude each other
	CodeNotApplied   = "FC-SPEC-021" // checked, but not carried out yet (warning)
	CodeDuplicate    = "FC-SPEC-022" // two functions or triggers of the same name
	CodeAction       = "FC-SPEC-023" // a hook that isn't well formed
	CodeDeprecated   = "FC-SPEC-024" // works, but has a better successor (warning)
	CodeFormat       = "FC-SPEC-025" // a text that isn't written as it must be
	CodeFlow         = "FC-SPEC-026" // a flow that doesn't fit the resources
	CodeIgnoredKey   = "FC-SPEC-027" // a key of env.yaml that s does nothing with (warning)
	CodeExpression   = "FC-SPEC-030" // ${...} is not well formed
	CodeFunction     = "FC-SPEC-031" // unknown function in ${...}
	CodeVariable     = "FC-SPEC-032" // unknown name in ${...}
	CodeArgument     = "FC-SPEC-033" // wrong arguments in ${...}
	CodeText         = "FC-SPEC-034" // a map, list or nothing inside a text
	CodeCycle        = "FC-SPEC-035" // values that refer to each other in a circle
	CodeEnvironment  = "FC-SPEC-036" // an environment variable isn't set
	CodeFile         = "FC-SPEC-037" // file() or path() found nothing it could use
	CodeCredential   = "FC-SPEC-038" // config() found no credentials, or no such field; secret() no such secret
	CodeLimit        = "FC-SPEC-039" // expressions that refer on too deep, or make too much
)

// CodeInfo is a row of the table of codes.
type CodeInfo struct {
	Code     string
	Severity diag.Severity
	Title    string
}

// Codes lists every code that Load can give, in order.
func Codes() []CodeInfo {
	e, w := diag.Error, diag.Warning
	return []CodeInfo{
		{CodeRead, e, "the file can't be read"},
		{CodeSyntax, e, "the file isn't valid YAML"},
		{CodeShape, e, "the file isn't one map of keys and values"},
		{CodeDuplicateKey, e, "a key stands twice in a map"},
		{CodeYAMLFeature, e, "a YAML feature that s.yaml can't have"},
		{CodeEdition, e, "edition missing, unknown or not fitting the rest"},
		{CodeComponent, e, "component unknown or not fitting the edition"},
		{CodeUnknownKey, e, "unknown key"},
		{CodeType, e, "value of the wrong type"},
		{CodeMissing, e, "required key missing"},
		{CodeEnum, e, "not one of the allowed values"},
		{CodeRange, e, "number or length out of range"},
		{CodeName, e, "name with characters that the service refuses"},
		{CodeRegion, w, "region unknown to this version of s"},
		{CodeConflict, e, "keys or values that exclude each other"},
		{CodeNotApplied, w, "checked but not carried out yet"},
		{CodeDuplicate, e, "two functions or triggers of the same name"},
		{CodeAction, e, "action that isn't well formed"},
		{CodeDeprecated, w, "deprecated"},
		{CodeFormat, e, "text that isn't written as it must be"},
		{CodeFlow, e, "flow that doesn't fit the resources"},
		{CodeIgnoredKey, w, "key of env.yaml that is ignored"},
		{CodeExpression, e, "expression that isn't well formed"},
		{CodeFunction, e, "unknown function in an expression"},
		{CodeVariable, e, "unknown name in an expression"},
		{CodeArgument, e, "wrong arguments in an expression"},
		{CodeText, e, "expression that can't be part of a text"},
		{CodeCycle, e, "values that refer to each other in a circle"},
		{CodeEnvironment, e, "environment variable not set"},
		{CodeFile, e, "file of an expression not usable"},
		{CodeCredential, e, "credential or secret of an expression not available"},
		{CodeLimit, e, "expressions nested too deep or making too much"},
	}
}
