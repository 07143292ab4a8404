package spec

import (
	"strconv"
)

// node is a JSON schema, or a part of one.
type schemaNode = map[string]any

// schemaMaker turns tables into JSON schemas.
type schemaMaker struct {
	lang string
	// partial lets keys be missing: a template or another file may bring them.
	partial bool
}

// expressionPattern is a text with a ${...} in it, which stands for any type.
const expressionPattern = `\$\{[\s\S]+\}`

// Schema gives a JSON schema (draft-07) of s.yaml of both editions; each node
// has a description in the language, and both languages in its
// markdownDescription. An expression fits wherever a value is wanted. What the
// schema can't say is left to Load: names that refer to others, sizes that go
// together, files.
func Schema(lang string) map[string]any {
	full, part := schemaMaker{lang: lang}, schemaMaker{lang: lang, partial: true}
	v1, v3 := schemaNode{"const": Edition1}, schemaNode{"const": Edition3}
	return schemaNode{
		"$schema":  "http://json-schema.org/draft-07/schema#",
		"$comment": "s.yaml of Function Compute, editions 1.0.0 and 3.0.0",
		"type":     "object",
		// A file that extends another may leave the edition to that one.
		"anyOf":      []schemaNode{{"required": []string{"edition"}}, {"required": []string{"extend"}}},
		"properties": schemaNode{"edition": full.described(schemaNode{"enum": []string{Edition3, Edition1}}, fileV3().find("edition"))},
		"if":         schemaNode{"properties": schemaNode{"edition": v1}, "required": []string{"edition"}},
		"then":       extending(reference("v1partial"), reference("v1")),
		"else": schemaNode{
			"if":   schemaNode{"properties": schemaNode{"edition": v3}, "required": []string{"edition"}},
			"then": extending(reference("v3partial"), reference("v3")),
		},
		"definitions": schemaNode{
			"expression": schemaNode{"type": "string", "pattern": expressionPattern},
			"v1":         full.object(fileV1()), "v1partial": part.object(fileV1()),
			"v3": full.object(fileV3()), "v3partial": part.object(fileV3()),
			"props1": full.object(propsV1()), "props1partial": part.object(propsV1()),
			"props3": full.object(propsV3()), "props3partial": part.object(propsV3()),
			"triggers1": full.list(propsV1().find("triggers")), "triggers3": full.list(propsV3().find("triggers")),
			"actions": full.anyMap(actionsField()),
		},
	}
}

func reference(name string) schemaNode { return schemaNode{"$ref": "#/definitions/" + name} }

// extending picks a schema by whether the map has the key extend.
func extending(with, without schemaNode) schemaNode {
	return schemaNode{"if": schemaNode{"required": []string{"extend"}}, "then": with, "else": without}
}

// described gives a schema its descriptions and default.
func (m schemaMaker) described(s schemaNode, f *field) schemaNode {
	if f.about.en == "" {
		return s
	}
	s["description"] = f.sentence(m.lang)
	s["markdownDescription"] = f.sentence(LangEnglish) + "\n\n" + f.sentence(LangChinese)
	if m.lang == LangChinese {
		s["markdownDescription"] = f.sentence(LangChinese) + "\n\n" + f.sentence(LangEnglish)
	}
	if f.preset != "" {
		s["default"] = f.presetValue()
	}
	return s
}

// presetValue is the default with its type.
func (f *field) presetValue() any {
	switch f.kind {
	case kInt, kNumber:
		if n, err := strconv.ParseFloat(f.preset, 64); err == nil {
			return n
		}
	case kBool:
		return f.preset == "true"
	}
	return f.preset
}

// object gives the schema of a map with known keys.
func (m schemaMaker) object(o *object) schemaNode {
	properties, required := schemaNode{}, []string{}
	for _, f := range o.fields {
		properties[f.key] = m.field(f)
		if f.required && !m.partial {
			required = append(required, f.key)
		}
	}
	s := schemaNode{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	if !o.open {
		s["additionalProperties"] = false
	}
	if rules := m.rules(o); len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// rules gives what is said about several keys.
func (m schemaMaker) rules(o *object) []any {
	var all []any
	for _, r := range o.rules {
		switch {
		case len(r.apart) > 0:
			for i, a := range r.apart {
				for _, b := range r.apart[i+1:] {
					all = append(all, schemaNode{"not": schemaNode{"required": []string{a, b}}})
				}
			}
		case m.partial:
		case len(r.together) > 0:
			needs := schemaNode{}
			for _, key := range r.together {
				needs[key] = r.together
			}
			all = append(all, schemaNode{"dependencies": needs})
		case r.need != "":
			all = append(all, when(r.when, r.is, schemaNode{"required": []string{r.need}}))
		}
	}
	if o.byType != nil {
		for _, kind := range o.byType.kinds {
			config := m.orExpression(m.object(o.byType.of(kind)))
			all = append(all, when(o.byType.kind, []string{kind}, schemaNode{"properties": schemaNode{o.byType.config: config}}))
		}
	}
	return all
}

// when gives a schema that counts if a key has one of the values.
func when(key string, is []string, then schemaNode) schemaNode {
	condition := schemaNode{"properties": schemaNode{key: schemaNode{"enum": is}}, "required": []string{key}}
	return schemaNode{"if": condition, "then": then}
}

// field gives the schema of a row with all that may stand for its type.
func (m schemaMaker) field(f *field) schemaNode {
	if f.kind == kAny {
		return m.described(schemaNode{}, f)
	}
	options := []any{m.plain(f)}
	if f.alt != nil {
		options = append(options, m.plain(f.alt))
	}
	if f.auto {
		options = append(options, schemaNode{"enum": []string{"auto"}}, schemaNode{"type": "string", "pattern": `^\s*[aA][uU][tT][oO]\s*(\||$)`})
	}
	if f.free() && f.alt == nil {
		return m.described(m.plain(f), f)
	}
	if len(f.hints) > 0 || f.soft {
		options = append(options, schemaNode{"type": "string"})
	} else {
		options = append(options, reference("expression"))
	}
	// Of alternatives, an editor shows the description and what each of them
	// adds: the other language.
	if own, ok := options[0].(schemaNode); ok && own["$ref"] == nil && f.about.en != "" {
		own["markdownDescription"] = "\n" + f.sentence(pick(m.lang, LangChinese, LangEnglish))
	}
	return m.described(schemaNode{"anyOf": options}, f)
}

// free reports whether every text fits, so that an expression does, too.
func (f *field) free() bool {
	return f.kind == kString && len(f.enum) == 0 && len(f.hints) == 0 && f.name == 0 && f.shape == nil && !f.bounded
}

func (m schemaMaker) orExpression(s schemaNode) schemaNode {
	return schemaNode{"anyOf": []any{s, reference("expression")}}
}

// plain gives the schema of a row's own type.
func (m schemaMaker) plain(f *field) schemaNode {
	switch f.kind {
	case kString:
		return textSchema(f)
	case kInt:
		return numberSchema(f, "integer")
	case kNumber:
		return numberSchema(f, "number")
	case kBool:
		return schemaNode{"type": "boolean"}
	case kList:
		switch {
		case f.key != "triggers":
			return m.list(f)
		case f.elem.obj.find("name") != nil:
			return reference("triggers1")
		}
		return reference("triggers3")
	case kObject:
		return m.objectField(f)
	case kStringMap:
		return schemaNode{"type": "object", "additionalProperties": schemaNode{"type": []string{"string", "number", "boolean", "null"}}}
	case kAnyMap:
		if f.key == "actions" {
			return reference("actions")
		}
		return m.anyMap(f)
	}
	return schemaNode{}
}

// list is the schema of a list. Its elements are whole: lists aren't merged.
func (m schemaMaker) list(f *field) schemaNode {
	s := schemaNode{"type": "array", "items": schemaMaker{lang: m.lang}.field(f.elem)}
	bounds(s, f, "minItems", "maxItems")
	return s
}

// anyMap is the schema of a map with any keys.
func (m schemaMaker) anyMap(f *field) schemaNode {
	s := schemaNode{"type": "object"}
	switch {
	case f.elem == nil:
	case f.elem.kind == kObject:
		s["additionalProperties"] = m.resource(f.elem)
	default:
		s["additionalProperties"] = schemaNode{"anyOf": []any{m.plain(f.elem), schemaNode{"type": "null"}, reference("expression")}}
	}
	return s
}

// objectField is the schema of a block; props are defined once.
func (m schemaMaker) objectField(f *field) schemaNode {
	if f.key != "props" {
		return m.object(f.obj)
	}
	name := "props3"
	if f.obj.find("functionName") == nil {
		name = "props1"
	}
	if m.partial {
		name += "partial"
	}
	return reference(name)
}

// resource is the schema of an entry of resources; a template may bring what is
// missing.
func (m schemaMaker) resource(f *field) schemaNode {
	part := schemaMaker{lang: m.lang, partial: true}
	if m.partial || f.obj.find("extend") == nil {
		return m.object(f.obj)
	}
	return extending(part.object(f.obj), m.object(f.obj))
}

func textSchema(f *field) schemaNode {
	s := schemaNode{"type": "string"}
	switch {
	case len(f.enum) > 0:
		s["enum"] = f.enum
	case len(f.hints) > 0:
		s["enum"] = f.hints
	case f.name > 0:
		s["pattern"] = "^[A-Za-z_][A-Za-z0-9_-]{0," + strconv.Itoa(f.name-1) + "}$"
	case f.shape != nil:
		s["pattern"] = f.shape.String()
	}
	bounds(s, f, "minLength", "maxLength")
	return s
}

func numberSchema(f *field, kind string) schemaNode {
	s := schemaNode{"type": kind}
	bounds(s, f, "minimum", "maximum")
	if f.step >= 1 { // 0.05 has no exact form: validators disagree about its multiples
		s["multipleOf"] = f.step
	}
	if len(f.ints) > 0 {
		s["enum"] = f.ints
	}
	return s
}

func bounds(s schemaNode, f *field, low, high string) {
	if !f.bounded {
		return
	}
	s[high] = f.max
	if f.min != 0 || f.kind == kInt || f.kind == kNumber {
		s[low] = f.min
	}
}
