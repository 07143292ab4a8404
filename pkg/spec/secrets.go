package spec

import (
	"errors"
	"fmt"
	"slices"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// credentialFields are those that config() knows.
func credentialFields() []string {
	return []string{"AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"}
}

func (r *resolver) config(args []*expr.Value) (*expr.Value, error) {
	v, err := r.credentialField(args[0].Text, args[0].Secret)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// credentialField gives a field of the credentials. All but the account id stay
// out of every message; hidden is set if its name must, too.
func (r *resolver) credentialField(field string, hidden bool) (*expr.Value, *expr.Error) {
	if !contains(credentialFields(), field) {
		name := &expr.Value{Kind: expr.String, Text: field, Secret: hidden}
		return nil, &expr.Error{
			Kind: expr.NoCredential, Arg: 1, Message: fmt.Sprintf("credentials have no field %s", shown(name)),
			Hint: diag.DidYouMean(field, credentialFields()),
		}
	}
	text, err := r.lookupCredential(field)
	if err != nil {
		return nil, &expr.Error{Kind: expr.NoCredential, Missing: true, Message: fmt.Sprintf("%s can't be known: %v", field, err)}
	}
	v := expr.NewString(text)
	if field != "AccountID" && text != "" {
		r.hide(v)
	}
	return v, nil
}

func (r *resolver) lookupCredential(field string) (string, error) {
	switch {
	case r.opts.CredentialFor != nil:
		return r.opts.CredentialFor(r.access, field)
	case r.opts.Credential != nil:
		return r.opts.Credential(field)
	}
	return "", errors.New("there are no credentials at hand")
}

// secret gives a stored secret.
func (r *resolver) secret(args []*expr.Value) (*expr.Value, error) {
	e := &expr.Error{Kind: expr.NoCredential, Arg: 1, Missing: true, Message: fmt.Sprintf("no secret %s is stored", shown(args[0]))}
	if !args[0].Secret {
		e.Hint = fmt.Sprintf("store it: s secret add %s", args[0].Text)
	}
	if r.opts.SecretFor == nil {
		return nil, e
	}
	text, err := r.opts.SecretFor(args[0].Text)
	if err != nil {
		e.Message = fmt.Sprintf("the secret %s can't be known: %v", shown(args[0]), err)
		return nil, e
	}
	v := expr.NewString(text)
	r.hide(v)
	return v, nil
}

// hide makes a value one that Project.Redact takes out of every text.
func (r *resolver) hide(v *expr.Value) {
	v.Secret, v.Sensitive = true, true
	if v.Text != "" && !r.hidden[v.Text] {
		r.hidden[v.Text] = true
		r.secrets = append(r.secrets, v.Text)
	}
}

// minDerived is how long a part of a secret must be to be hidden on its own:
// taking every "a" out of a text would say more than it hides.
const minDerived = 6

// derived hides what a function made of a hidden value: its base64, or a part
// of its JSON.
func (r *resolver) derived(args []*expr.Value, v *expr.Value) {
	if !slices.ContainsFunc(args, func(a *expr.Value) bool { return r.hidden[a.Text] }) {
		return
	}
	switch {
	case v.Kind == expr.String && len(v.Text) >= minDerived:
		r.hide(v)
	case v.Kind == expr.List:
		for _, item := range v.Items {
			r.derived(args, item)
		}
	case v.Kind == expr.Map:
		for _, e := range v.Entries {
			r.derived(args, e.Value)
		}
	}
}

// credentialPath resolves credential.FIELD, and credential as all of them.
func (r *resolver) credentialPath(p *expr.Path) (*expr.Value, error) {
	if len(p.Segments) > 1 {
		v, err := r.credentialField(p.Segments[1].Name, false)
		if err != nil {
			err.Span = p.Segments[1].Span
			return nil, err
		}
		return r.walkValue(v, nil, p, 2)
	}
	var entries []expr.Entry
	for _, field := range credentialFields() {
		v, err := r.credentialField(field, false)
		switch {
		case err != nil:
			return nil, err
		case v.Text != "":
			entries = append(entries, expr.Entry{Key: field, Value: v})
		}
	}
	return expr.NewMap(entries), nil
}
