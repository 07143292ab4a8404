package iostreams

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/core"
	"github.com/AlecAivazis/survey/v2/terminal"
)

// errNoTerminal says that there is nobody to ask.
var errNoTerminal = errors.New("cannot ask: stdin and stderr are not a terminal")

// Prompter gives what asks the user: the one that was set, or survey on stdin
// and stderr. Ask IOStreams.CanPrompt before.
func (s *IOStreams) Prompter() Prompter {
	if s.prompter == nil {
		s.prompter = newSurveyPrompter(s)
	}
	return s.prompter
}

// StopPromptsOn makes a question that is being asked when done closes return
// ErrInterrupted, with the terminal restored: what SIGTERM, or a SIGINT that
// doesn't come from the keyboard, needs.
func (s *IOStreams) StopPromptsOn(done <-chan struct{}) { s.promptsDone = done }

// surveyPrompter is the Prompter over survey.
type surveyPrompter struct {
	in   *terminalInput
	out  *terminalOutput
	area *progressArea // which makes room for a question
}

func newSurveyPrompter(s *IOStreams) Prompter {
	in, isFile := s.In.(*os.File)
	out, isFile2 := s.ErrOut.(*os.File)
	if !isFile || !isFile2 {
		return &surveyPrompter{}
	}
	translateSurvey(s.lang)
	core.DisableColor = !s.color
	input := &terminalInput{file: in, done: s.promptsDone}
	return &surveyPrompter{in: input, out: &terminalOutput{File: out, in: input}, area: s.area}
}

// surveyTexts are the words in survey's own templates, English and Chinese.
func surveyTexts() [][2]string {
	return [][2]string{
		{"[Use arrows to move, type to filter", "[方向键移动，输入文字筛选"},
		{", {{ .Config.HelpInput }} for more help]", "，{{ .Config.HelpInput }} 查看说明]"},
		{"{{ print .Config.HelpInput }} for help", "{{ print .Config.HelpInput }} 查看说明"},
	}
}

// translateSurvey puts survey's templates, which are variables of that package,
// into the language of the messages.
func translateSurvey(lang string) {
	from, to := 1, 0
	if lang == "zh" {
		from, to = 0, 1
	}
	var pairs []string
	for _, text := range surveyTexts() {
		pairs = append(pairs, text[from], text[to])
	}
	replace := strings.NewReplacer(pairs...).Replace
	survey.SelectQuestionTemplate = replace(survey.SelectQuestionTemplate)
	survey.InputQuestionTemplate = replace(survey.InputQuestionTemplate)
	// What is wrong speaks for itself.
	survey.ErrorTemplate = strings.Replace(survey.ErrorTemplate, "Sorry, your reply was invalid: ", "", 1)
}

// ask asks one question; an interrupt and the end of the input are
// ErrInterrupted.
func (p *surveyPrompter) ask(question survey.Prompt, answer any, opts ...survey.AskOpt) error {
	if p.in == nil {
		return errNoTerminal
	}
	restore, err := listen(p.in.file)
	if err != nil {
		return err
	}
	defer restore()
	defer p.area.pause()()
	opts = append(opts, survey.WithStdio(p.in, p.out, p.out))
	err = survey.AskOne(question, answer, opts...)
	if errors.Is(err, terminal.InterruptErr) || errors.Is(err, io.EOF) {
		return ErrInterrupted
	}
	return err
}

// Input asks for a line until validate accepts it.
func (p *surveyPrompter) Input(message, help, def string, validate func(string) error) (string, error) {
	var opts []survey.AskOpt
	if validate != nil {
		opts = append(opts, survey.WithValidator(func(answer any) error {
			text, _ := answer.(string)
			return validate(text)
		}))
	}
	var answer string
	err := p.ask(&survey.Input{Message: message, Help: help, Default: def}, &answer, opts...)
	return answer, err
}

// Select asks for one of options; typing filters them.
func (p *surveyPrompter) Select(message, help string, options []string, def int) (int, error) {
	question := &survey.Select{Message: message, Help: help, Options: options, PageSize: 10}
	if def >= 0 && def < len(options) {
		question.Default = def
	}
	var answer int
	err := p.ask(question, &answer)
	return answer, err
}

// Confirm asks yes or no.
func (p *surveyPrompter) Confirm(message string, def bool) (bool, error) {
	answer := def
	err := p.ask(&survey.Confirm{Message: message, Default: def}, &answer)
	return answer, err
}

// Password asks for a line and shows stars.
func (p *surveyPrompter) Password(message string) (string, error) {
	var answer string
	err := p.ask(&survey.Password{Message: message}, &answer)
	return answer, err
}
