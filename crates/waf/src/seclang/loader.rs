//! Reads rule files into a draft: every directive in its order, every problem noted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::audit;
use super::draft::Draft;
use super::files::Files;
use super::lines::{LogicalLine, logical_lines};
use super::problem::{Fault, Place, Problem};
use super::selection::RuleSelection;
use super::settings;
use super::syntax::{self, Question, RuleSyntax};
use super::words::{self, Word};
use crate::operators::Operator;
use crate::variables::Targets;

/// How deep includes may nest.
const INCLUDE_DEPTH_LIMIT: usize = 16;

/// How many problems are reported; the rest would hide the first.
const PROBLEMS_LIMIT: usize = 1_000;

/// Directives that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("SecRuleScript", "scripts are not run: write the check as rules"),
    ("SecGuardianLog", "no program is run"),
    ("SecRemoteRules", "rules are not fetched from the network: put them in a file"),
    ("SecRemoteRulesFailAction", "rules are not fetched from the network"),
    ("SecChrootDir", "the service manager confines the process"),
    ("SecContentInjection", "a rule does not change answers"),
    ("SecGeoLookupDb", "there is no location database"),
    ("SecGsbLookupDb", "lookups at others' services are not supported"),
    ("SecHttpBlKey", "lookups at others' services are not supported"),
    ("SecHashEngine", "use signed cookies and tokens"),
    ("SecHashKey", "use signed cookies and tokens"),
    ("SecHashParam", "use signed cookies and tokens"),
    ("SecHashMethodRx", "use signed cookies and tokens"),
    ("SecHashMethodPm", "use signed cookies and tokens"),
    ("SecRuleInheritance", "there is one rule set for each route"),
];

/// Directives that [`Reading::directive`] carries out itself.
const NAMES: &[&str] = &[
    "Include",
    "IncludeOptional",
    "SecAction",
    "SecDefaultAction",
    "SecMarker",
    "SecRule",
    "SecRuleRemoveById",
    "SecRuleRemoveByMsg",
    "SecRuleRemoveByTag",
    "SecRuleUpdateActionById",
    "SecRuleUpdateTargetById",
    "SecRuleUpdateTargetByMsg",
    "SecRuleUpdateTargetByTag",
];

/// A draft being read.
pub(crate) struct Reading<'a> {
    files: &'a dyn Files,
    pub(crate) draft: Draft,
    pub(crate) problems: Vec<Problem>,
    /// The files that are open, outermost first.
    open: Vec<PathBuf>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self { files, draft: Draft::default(), problems: Vec::new(), open: Vec::new() }
    }

    /// Reads a file.
    pub(crate) fn file(&mut self, path: &Path) {
        let name: Arc<str> = path.to_string_lossy().into();
        match self.files.read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    self.open.push(path.to_owned());
                    self.text(&name, &text);
                    self.open.pop();
                }
                Err(_) => {
                    self.problem(&Place::start_of(&name), Fault::new("the file is not UTF-8"))
                }
            },
            Err(error) => self
                .problem(&Place::start_of(&name), Fault::new(format!("cannot be read: {error}"))),
        }
    }

    /// Reads a text under a name.
    pub(crate) fn text(&mut self, name: &Arc<str>, text: &str) {
        for line in logical_lines(name, text) {
            match words::split(&line.text) {
                Ok(words) => self.line(&line, &words),
                Err((offset, fault)) => self.problem(&line.place(offset), fault),
            }
        }
        let end = Place { file: Arc::clone(name), line: text.lines().count().max(1), column: 1 };
        if let Some(fault) = self.draft.end_of_file() {
            self.problem(&end, fault);
        }
    }

    fn problem(&mut self, place: &Place, fault: Fault) {
        if self.problems.len() < PROBLEMS_LIMIT {
            self.problems.push(fault.at(place));
        }
    }

    fn line(&mut self, line: &LogicalLine, words: &[Word]) {
        let Some((name, arguments)) = words.split_first() else { return };
        let place = line.place(name.offset);
        if let Err(fault) = self.directive(&name.text, arguments, line, &place) {
            self.problem(&place, fault);
        }
    }

    fn directive(
        &mut self,
        name: &str,
        arguments: &[Word],
        line: &LogicalLine,
        place: &Place,
    ) -> Result<(), Fault> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "secrule" => self.rule(arguments, line, place),
            "secaction" => self.action(arguments, line, place),
            "secmarker" => self.draft.marker(one(arguments, "a name")?),
            "secdefaultaction" => {
                let actions = self.actions(arguments.first(), line);
                self.draft.default_action(actions)?;
            }
            "include" | "includeoptional" => {
                self.include(one(arguments, "a file")?, lower == "includeoptional")?
            }
            "secruleremovebyid" => {
                let rules = RuleSelection::ids(&joined(arguments))?;
                self.draft.mentions.push((rules.clone(), place.clone()));
                self.draft.remove(rules);
            }
            "secruleremovebytag" => {
                self.draft.remove(RuleSelection::tags(one(arguments, "a pattern")?)?)
            }
            "secruleremovebymsg" => {
                self.draft.remove(RuleSelection::messages(one(arguments, "a pattern")?)?)
            }
            "secruleupdatetargetbyid" => {
                self.update_targets(arguments, line, RuleSelection::ids)?
            }
            "secruleupdatetargetbytag" => {
                self.update_targets(arguments, line, RuleSelection::tags)?
            }
            "secruleupdatetargetbymsg" => {
                self.update_targets(arguments, line, RuleSelection::messages)?
            }
            "secruleupdateactionbyid" => {
                let rules = RuleSelection::ids(one(arguments, "a rule")?)?;
                self.draft.mentions.push((rules.clone(), place.clone()));
                let actions = self.actions(arguments.get(1), line);
                self.draft.update_actions(rules, actions, place);
            }
            _ => self.setting(name, &lower, arguments, place)?,
        }
        Ok(())
    }

    fn setting(
        &mut self,
        name: &str,
        lower: &str,
        arguments: &[Word],
        place: &Place,
    ) -> Result<(), Fault> {
        let values: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
        let settings = &mut self.draft.settings;
        if settings.apply_log(name, values.first().copied(), place)?
            || settings.apply(lower, &values)?
        {
            return Ok(());
        }
        if settings::WITHOUT_EFFECT.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        if let Some((_, reason)) =
            REFUSED.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name))
        {
            return Err(
                Fault::new(format!("the directive `{name}` is not supported")).hint(*reason)
            );
        }
        let known = NAMES.iter().chain(settings::NAMES).chain(audit::NAMES);
        let known = known.chain(settings::WITHOUT_EFFECT);
        Err(Fault::unknown("directive", name, known.copied()))
    }

    fn include(&mut self, name: &str, optional: bool) -> Result<(), Fault> {
        if self.open.len() >= INCLUDE_DEPTH_LIMIT {
            return Err(Fault::new(format!("includes nest deeper than {INCLUDE_DEPTH_LIMIT}"))
                .hint("does a file include itself?"));
        }
        let path = self.relative(name);
        if !name.contains(['*', '?']) {
            self.file(&path);
            return Ok(());
        }
        let found = self
            .files
            .matching(&path)
            .map_err(|error| Fault::new(format!("`{name}` cannot be read: {error}")))?;
        if found.is_empty() && !optional {
            return Err(Fault::new(format!("no file matches `{name}`"))
                .hint("use `IncludeOptional` when that is fine"));
        }
        for path in found {
            self.file(&path);
        }
        Ok(())
    }

    /// A path as seen from the file that is being read.
    fn relative(&self, name: &str) -> PathBuf {
        match self.open.last().and_then(|file| file.parent()) {
            Some(folder) => folder.join(name),
            None => PathBuf::from(name),
        }
    }

    fn rule(&mut self, arguments: &[Word], line: &LogicalLine, place: &Place) {
        let [targets, question, rest @ ..] = arguments else {
            let fault = Fault::new("a rule needs variables and an operator")
                .hint("write `SecRule VARIABLES \"@operator argument\" \"id:1,...\"`");
            self.problem(place, fault);
            self.draft.broken_rule(&[]);
            return;
        };
        let parsed_targets = self.targets(targets, line);
        let parsed_question = self.question(question, line);
        let actions = self.actions(rest.first(), line);
        if let Some(extra) = rest.get(1) {
            let fault =
                Fault::new("more than variables, operator and actions").hint("is a quote missing?");
            self.problem(&line.place(extra.offset), fault);
        }
        match (parsed_targets, parsed_question) {
            (Some(targets), Some(question)) => {
                self.add(RuleSyntax { place: place.clone(), targets, question, actions });
            }
            _ => self.draft.broken_rule(&actions),
        }
    }

    fn action(&mut self, arguments: &[Word], line: &LogicalLine, place: &Place) {
        let actions = self.actions(arguments.first(), line);
        let question = Question { operator: Operator::Always, negated: false, written: "".into() };
        self.add(RuleSyntax {
            place: place.clone(),
            targets: Targets::default(),
            question,
            actions,
        });
    }

    fn add(&mut self, rule: RuleSyntax) {
        let place = rule.place.clone();
        for fault in self.draft.rule(rule) {
            self.problem(&place, fault);
        }
    }

    fn targets(&mut self, word: &Word, line: &LogicalLine) -> Option<Targets> {
        match Targets::parse(&word.text) {
            Ok(targets) => Some(targets),
            Err(faults) => {
                self.faults(faults, word, line);
                None
            }
        }
    }

    fn question(&mut self, word: &Word, line: &LogicalLine) -> Option<Question> {
        let files = self.files;
        let folder = self.relative("");
        let mut read = |name: &str| {
            files
                .read(&folder.join(name))
                .map_err(|error| Fault::new(format!("the file `{name}` cannot be read: {error}")))
        };
        match syntax::question(&word.text, &mut read) {
            Ok(question) => Some(question),
            Err(fault) => {
                self.problem(&line.place(word.offset), fault);
                None
            }
        }
    }

    fn actions(&mut self, word: Option<&Word>, line: &LogicalLine) -> Vec<crate::actions::Action> {
        let Some(word) = word else { return Vec::new() };
        match syntax::actions(&word.text) {
            Ok(actions) => actions,
            Err(faults) => {
                self.faults(faults, word, line);
                Vec::new()
            }
        }
    }

    fn faults(&mut self, faults: Vec<(usize, Fault)>, word: &Word, line: &LogicalLine) {
        for (offset, fault) in faults {
            self.problem(&line.place(word.offset + offset), fault);
        }
        self.draft.has_faults = true;
    }

    fn update_targets(
        &mut self,
        arguments: &[Word],
        line: &LogicalLine,
        select: impl Fn(&str) -> Result<RuleSelection, Fault>,
    ) -> Result<(), Fault> {
        let [rules, targets, ..] = arguments else {
            return Err(Fault::new("rules and targets are missing")
                .hint("write the rules, then the targets such as `!ARGS:x`"));
        };
        let selection = select(&rules.text)?;
        self.draft.mentions.push((selection.clone(), line.place(rules.offset)));
        // Commas separate targets here too.
        let word = Word { text: targets.text.replace(",!", "|!"), offset: targets.offset };
        if let Some(targets) = self.targets(&word, line) {
            self.draft.update_targets(selection, targets);
        }
        Ok(())
    }
}

fn one<'a>(arguments: &'a [Word], what: &str) -> Result<&'a str, Fault> {
    arguments
        .first()
        .map(|word| word.text.as_str())
        .ok_or_else(|| Fault::new(format!("{what} is missing")))
}

fn joined(arguments: &[Word]) -> String {
    arguments.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}
