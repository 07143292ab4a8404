package spec

// The tables of the file around the props. load.go, resource.go and actions.go
// check these keys themselves, as places count there; these rows are for the
// schema and the reference, and a test holds the two together.

func fileV3() *object {
	return &object{title: "the file", fields: append(fileFields(Edition3),
		str("env").is("The file that describes environments, env.yaml.", "描述多环境的文件 env.yaml。"),
		anyMap("template").is("Props by name, for the extend of resources.", "按名称定义的属性片段，供资源的 extend 使用。"),
		anyMap("flow").is("Groups of resources by command: groups one after another, resources of a group at once.",
			"各命令的资源分组：组间依次执行，组内并行。"),
		boolean("validation").is("Whether props are checked before a command; here they always are.", "执行前是否校验属性；本工具总是校验。"),
		resourcesOf("resources", "fc3", resourceV3()).must().is("What to deploy, by name.", "要部署的资源，按名称列出。"))}
}

func fileV1() *object {
	return &object{title: "the file", fields: append(fileFields(Edition1),
		resourcesOf("services", "fc", resourceV1()).must().is("What to deploy, by name.", "要部署的资源，按名称列出。"))}
}

func fileFields(edition string) []*field {
	return []*field{
		str("edition").must().oneOf(edition).is("The edition of the format: 3.0.0 or 1.0.0.", "格式版本：3.0.0 或 1.0.0。"),
		str("name").is("The name of the application.", "应用名称。"),
		str("access").suggest("default", "local").is("The alias of the credentials; local is the cloud on this machine.", "凭证别名；local 表示本机的本地云。"),
		str("extend").is("A file that this one adds to. Paths in its expressions count from its own folder.", "被本文件扩展的基础文件；其表达式中的路径相对于它自己所在的目录。"),
		anyMap("vars").is("Values for ${vars.NAME}.", "供 ${vars.名称} 引用的值。"),
		actionsField(),
	}
}

// resourcesOf is a map of names to resources.
func resourcesOf(key, component string, resource *object) *field {
	return &field{key: key, kind: kAnyMap, elem: &field{kind: kObject, obj: resource, list: component}}
}

func componentField(name string) *field {
	return str("component").must().suggest(name).is("The component: "+name+", with @version or without.", "组件："+name+"，可带 @版本。")
}

func resourceV3() *object {
	props := &field{key: "props", kind: kObject, obj: propsV3()}
	return &object{title: "a resource", fields: []*field{
		componentField(componentV3), props.must().is("What the function is.", "函数的属性。"), actionsField(),
		object1("extend", "extend", str("name").must().is("The name of the template.", "模板名称。"),
			stringList("ignore").is("Keys of the template that are left out.", "忽略的模板键。")).is("The template whose props come first.", "作为基础的模板。"),
		str("access").is("The alias of the credentials.", "凭证别名。"),
		str("id").is("An identifier for other tools.", "供其他工具使用的标识。"),
		boolean("continue-on-error").by("false").is("Whether the rest goes on if this fails.", "失败后是否继续其余资源。"),
		allowFailure("Instead of that of each action.", "代替各动作自己的设置。"),
		anyMap("vars").is("Values for ${this.vars.NAME}.", "供 ${this.vars.名称} 引用的值。"),
	}}
}

func resourceV1() *object {
	props := &field{key: "props", kind: kObject, obj: propsV1()}
	return &object{title: "a service", fields: []*field{
		componentField(componentV1), props.must().is("What the function is.", "函数的属性。"), actionsField(),
	}}
}

func allowFailure(en, zh string) *field {
	when := block("allow_failure", list("exit_code", integer("")).is("These exit codes.", "这些退出码。"),
		stringList("command").is("These commands.", "这些命令。"))
	return boolean("allow_failure").by("false").or(when).is("Whether it may fail, always or on a condition. "+en, "是否允许失败，可带条件。"+zh)
}

// actionsField is the map of hooks: a moment, a command, a list of actions.
func actionsField() *field {
	item := object1("", "an action",
		str("run").is("A shell command line.", "shell 命令行。"),
		str("path").by("./").is("The folder that it runs in.", "执行目录。"),
		str("component").is("A command of a component, such as fc3 build.", "组件命令，例如 fc3 build。"),
		str("plugin").is("A program that gets and gives JSON, or a JavaScript plugin of Serverless Devs.", "收发 JSON 的程序，或 Serverless Devs 的 JavaScript 插件。"),
		anyMap("args").is("Arguments of the plugin.", "插件参数。"),
		boolean("replace_output").by("false").is("Whether what the plugin gives replaces the result.", "是否以插件结果替换输出。"),
		allowFailure("", ""),
	).where(apart("run", "component", "plugin"))
	f := &field{key: "actions", kind: kAnyMap, elem: list("", item)}
	return f.is(
		"What runs around commands: pre-, success-, fail- and complete- with a command, such as pre-deploy.",
		"命令前后执行的动作：pre-、success-、fail-、complete- 加命令，例如 pre-deploy。")
}
