package spec

import "strings"

// This file says in words what the rows hold, for the schema and the reference.

// Languages of Schema and Reference.
const (
	LangEnglish = "en"
	LangChinese = "zh"
)

// pick gives the text of a language.
func pick(lang, en, zh string) string { return words{en, zh}.in(lang) }

// limits says what a value must be like, or nothing.
func (f *field) limits(lang string) string {
	switch {
	case len(f.ints) > 0:
		var all []string
		for _, n := range f.ints {
			all = append(all, plain(float64(n)))
		}
		return strings.Join(all, pick(lang, " or ", " 或 "))
	case len(f.enum) > 0 && len(f.enum) <= 10 && !f.soft:
		return strings.Join(f.enum, pick(lang, ", ", "、"))
	case f.name > 0:
		return pick(lang, "at most ", "最多 ") + plain(float64(f.name)) + pick(lang, " letters, digits, _ and -", " 个字母、数字、下划线和短横线")
	case f.bounded:
		return f.bounds(lang)
	}
	return ""
}

func (f *field) bounds(lang string) string {
	text := plain(f.min) + pick(lang, " to ", " 到 ") + plain(f.max)
	switch {
	case f.kind == kString:
		text += pick(lang, " characters", " 个字符")
	case f.kind == kList:
		text += pick(lang, " elements", " 个元素")
	case f.step > 0:
		text += pick(lang, ", in steps of ", "，步长 ") + plain(f.step)
	}
	return text
}

// typeIn names the type for people.
func (f *field) typeIn(lang string) string {
	text := ""
	switch f.kind {
	case kString:
		text = pick(lang, "string", "字符串")
	case kInt:
		text = pick(lang, "whole number", "整数")
	case kNumber:
		text = pick(lang, "number", "数字")
	case kBool:
		text = pick(lang, "true or false", "true 或 false")
	case kList:
		text = pick(lang, "list of ", "列表：") + f.elem.typeIn(lang)
	case kObject:
		text = pick(lang, "map", "映射")
	case kStringMap:
		text = pick(lang, "map of strings", "映射：字符串")
	case kAnyMap:
		text = pick(lang, "map", "映射")
	case kAny:
		text = pick(lang, "anything", "任意值")
	}
	if f.alt != nil {
		text += pick(lang, " or ", " 或 ") + f.alt.typeIn(lang)
	}
	if f.auto {
		text += pick(lang, " or auto", " 或 auto")
	}
	return text
}

// sentence is what an editor shows of a row: its meaning, limits and default.
func (f *field) sentence(lang string) string {
	text := f.about.in(lang)
	add := func(en, zh, value string) {
		if value != "" {
			text += pick(lang, " ", "") + pick(lang, en, zh) + value + pick(lang, ".", "。")
		}
	}
	add("Allowed: ", "取值：", f.limits(lang))
	add("Default: ", "默认值：", f.preset)
	if f.later {
		text += pick(lang, " Checked, not carried out yet.", "目前仅校验，尚不执行。")
	}
	return strings.TrimSpace(text)
}

// sentence says a rule.
func (r rule) sentence(lang string) string {
	and := pick(lang, " and ", " 与 ")
	switch {
	case len(r.apart) > 0:
		return code(r.apart, and) + pick(lang, " exclude each other.", " 不能同时设置。")
	case len(r.together) > 0:
		return code(r.together, and) + pick(lang, " go together.", " 须同时设置。")
	case r.need != "":
		is := pick(lang, "one of ", "以下之一：") + strings.Join(r.is, ", ")
		if len(r.is) == 1 {
			is = r.is[0]
		}
		return pick(lang, "`"+r.need+"` is needed if `"+r.when+"` is ", "`"+r.when+"` 为 ") + is +
			pick(lang, ": ", " 时必须设置 `"+r.need+"`：") + r.why.in(lang) + pick(lang, ".", "。")
	}
	return "`" + r.low + "`" + pick(lang, " is at most ", " 不大于 ") + "`" + r.high + "`" + pick(lang, ".", "。")
}

func code(keys []string, and string) string {
	quoted := make([]string, 0, len(keys))
	for _, k := range keys {
		quoted = append(quoted, "`"+k+"`")
	}
	return strings.Join(quoted, and)
}
