//! The rules of one connection, compiled, and an event's way through them.
//!
//! ```text
//!   Pipeline::begin ─► Run::advance(subject) ─► End(ruling, due at)
//!                      ▲ ▲ ▲   ├──────────────► Claim(key, window)      whoever runs it asks the store
//!                      │ │ └── Run::answer(who came first) ◄───┘
//!                      │ │     ├──────────────► Latest(revision)        the same
//!                      │ └──── Run::newest(what was delivered) ◄───┘
//!                      │       └──────────────► Transform(which)        whoever runs it has the code run
//!                      └────── Run::transformed, or Run::failed ◄───┘   what follows has another subject
//! ```
//!
//! It does no I/O and runs no code: whether something came before, or what was delivered, is asked of the caller, and so
//! is what a transformation makes of the request. An event that a rule ends is not looked at by the rules behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::execution::Execution;
use hookyard_model::id::RequestId;
use hookyard_model::rule::{
    CODE_BYTES_MAX, CONDITION_BYTES_MAX, ClaimKey, DEDUPLICATE_FIELDS_MAX, DELAY_MAX, Delay, Delivered,
    DiscardCause, RULES_MAX, Revision, Rule, Ruling, Step, VARIABLE_BYTES_MAX, VARIABLES_MAX, WINDOW_MAX,
    WINDOW_MIN,
};
use hookyard_model::secret::Secret;

use crate::field::Field;
use crate::filter::Filter;
use crate::key::Hash;
use crate::latest::{self, LatestBy};
use crate::moment;
use crate::values::Values;

/// The rules of one connection, ready to be applied.
#[derive(Debug, Default)]
pub struct Pipeline {
    rules: Vec<Compiled>,
}

#[derive(Debug)]
enum Compiled {
    Filter(Filter),
    Deduplicate {
        by: Vec<Field>,
        window: Duration,
    },
    Stale {
        older_than: Option<Duration>,
        latest: Option<LatestBy>,
    },
    DelayFor(Duration),
    DelayUntil(Field),
    /// Which transformation of the connection it is, from 0.
    Transform(usize),
}

/// Why a list of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {number}: {problem}")]
pub struct RuleError {
    /// Which rule, from 1; 0 for the list itself.
    pub number: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// What is known of an event when its rules are applied.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its request as values.
    pub values: Values<'a>,
    /// When that arrived.
    pub received_at: Timestamp,
    /// Its provider's id of it.
    pub provider_event_id: Option<&'a str>,
    /// When it happened, by its provider's word.
    pub provider_time: Option<Timestamp>,
}

/// An event on its way through the rules.
#[derive(Debug)]
pub struct Run<'a> {
    pipeline: &'a Pipeline,
    next: usize,
    due_at: Timestamp,
    ruling: Ruling,
}

/// Where an event is on its way.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// The caller has to find out whether this came before, and [`Run::answer`].
    Claim {
        /// What it is remembered by.
        key: ClaimKey,
        /// What came earlier than this before its arrival does not count.
        window: Duration,
    },
    /// The caller has to find out what was delivered of the same thing, and [`Run::newest`].
    Latest(Revision),
    /// The caller has to run this transformation, counted from 0 among those of the connection, and say what became
    /// of it: [`Run::transformed`] or [`Run::failed`].
    Transform(usize),
    /// No rule is left.
    End,
}

impl Pipeline {
    /// Compiles the rules of a connection.
    ///
    /// # Errors
    /// [`RuleError`], the first thing found wrong.
    pub fn compile(rules: &[Rule]) -> Result<Self, RuleError> {
        if rules.len() > RULES_MAX {
            let problem = format!("there are {}; a connection has at most {RULES_MAX} rules", rules.len());
            return Err(RuleError { number: 0, problem });
        }
        let wants_latest = |rule: &Rule| matches!(rule, Rule::Stale { latest: Some(_), .. });
        if let Some((_, number)) = rules.iter().zip(1..).filter(|(rule, _)| wants_latest(rule)).nth(1) {
            let problem = "another rule says already what `latest` goes by: a connection has one".to_owned();
            return Err(RuleError { number, problem });
        }
        let mut transformations = 0..;
        let compiled = rules.iter().zip(1..).map(|(rule, number)| {
            compile(rule, &mut transformations).map_err(|problem| RuleError { number, problem })
        });
        Ok(Self { rules: compiled.collect::<Result<_, _>>()? })
    }

    /// Whether it lets everything through.
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Starts an event on its way; without a delay it is due at `now`.
    pub fn begin(&self, now: Timestamp) -> Run<'_> {
        Run { pipeline: self, next: 0, due_at: now, ruling: Ruling::default() }
    }
}

fn compile(rule: &Rule, transformations: &mut std::ops::RangeFrom<usize>) -> Result<Compiled, String> {
    match rule {
        Rule::Filter { condition } => {
            if condition.len() > CONDITION_BYTES_MAX {
                return Err(format!("a filter has at most {CONDITION_BYTES_MAX} bytes"));
            }
            let condition = serde_json::from_str(condition).map_err(|error| error.to_string())?;
            Filter::compile(&condition).map(Compiled::Filter).map_err(|error| error.to_string())
        }
        Rule::Deduplicate { by, window } => {
            if !(WINDOW_MIN..=WINDOW_MAX).contains(window) {
                return Err("the window must be from 1 s to 30 days".to_owned());
            }
            if by.len() > DEDUPLICATE_FIELDS_MAX {
                return Err(format!("at most {DEDUPLICATE_FIELDS_MAX} fields make events the same"));
            }
            let by = by.iter().map(|field| compile_field(field)).collect::<Result<_, _>>()?;
            Ok(Compiled::Deduplicate { by, window: *window })
        }
        Rule::Stale { older_than: None, latest: None } => {
            Err("give the greatest age, what an event is the `latest` of, or both".to_owned())
        }
        Rule::Stale { older_than: Some(Duration::ZERO), .. } => {
            Err("the greatest age must be longer than zero".to_owned())
        }
        Rule::Stale { older_than, latest } => {
            let latest = latest.as_ref().map(LatestBy::compile).transpose()?;
            Ok(Compiled::Stale { older_than: *older_than, latest })
        }
        Rule::Delay(Delay::For(delay)) if delay.is_zero() || *delay > DELAY_MAX => {
            Err("a delay must be longer than zero and at most 30 days".to_owned())
        }
        Rule::Delay(Delay::For(delay)) => Ok(Compiled::DelayFor(*delay)),
        Rule::Delay(Delay::Until(field)) => compile_field(field).map(Compiled::DelayUntil),
        Rule::Transform { code, env } => {
            if code.len() > CODE_BYTES_MAX {
                return Err(format!("the code has {} bytes; {CODE_BYTES_MAX} are possible", code.len()));
            }
            check_env(env)?;
            // Counting up does not end.
            transformations.next().map(Compiled::Transform).ok_or_else(String::new)
        }
    }
}

/// Whether these can be environment variables. What is wrong is said without their values.
fn check_env(env: &BTreeMap<String, Secret>) -> Result<(), String> {
    if env.len() > VARIABLES_MAX {
        return Err(format!("a transformation has at most {VARIABLES_MAX} variables"));
    }
    for (name, value) in env {
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
        let is_name = name.as_bytes().first().is_some_and(is_letter)
            && name.bytes().all(|byte| is_letter(&byte) || byte.is_ascii_digit());
        if !is_name {
            return Err(format!(
                "`{name}` cannot be a variable: use letters, digits and `_`, no digit first"
            ));
        }
        if name.len() + value.expose().len() > VARIABLE_BYTES_MAX {
            return Err(format!("the variable `{name}` is longer than {VARIABLE_BYTES_MAX} bytes"));
        }
    }
    Ok(())
}

fn compile_field(field: &str) -> Result<Field, String> {
    field.parse().map_err(|error| format!("`{field}`: {error}"))
}

impl Run<'_> {
    /// Goes on to the end, or to what the caller has to find out. The subject is the request as it is by now: as it
    /// came, or as the transformations so far made it.
    pub fn advance(&mut self, subject: &Subject<'_>) -> Progress {
        let pipeline = self.pipeline;
        while self.ruling.discarded.is_none()
            && let Some(rule) = pipeline.rules.get(self.next)
        {
            self.next += 1;
            match rule {
                Compiled::Filter(filter) => self.filter(filter, subject),
                Compiled::Deduplicate { by, window } => match claim_key(by, subject) {
                    Some(key) => return Progress::Claim { key, window: *window },
                    None => self.pass("nothing of what makes events the same is in it: not deduplicated"),
                },
                Compiled::Stale { older_than, latest } => {
                    if let Some(revision) = self.stale(*older_than, latest.as_ref(), subject) {
                        return Progress::Latest(revision);
                    }
                }
                Compiled::DelayFor(delay) => self.delay(subject.received_at.plus(*delay), subject),
                Compiled::DelayUntil(field) => self.delay_until(field, subject),
                Compiled::Transform(which) => return Progress::Transform(*which),
            }
        }
        Progress::End
    }

    /// The answer to [`Progress::Claim`]: the request that came first, or none where this one did.
    pub fn answer(&mut self, key: ClaimKey, first: Option<RequestId>) {
        match first {
            None => {
                self.ruling.claims.push(key);
                self.pass("");
            }
            Some(first) => {
                self.ruling.duplicate_of = Some(first);
                self.discard(DiscardCause::Duplicate, format!("the event of {first} came first"));
            }
        }
    }

    /// The answer to [`Progress::Latest`]: the newest that was delivered of the same thing, as far as that is known.
    /// It is asked for once more before each attempt.
    pub fn newest(&mut self, revision: Revision, delivered: Option<Delivered>) {
        self.ruling.revision = Some(revision);
        match delivered.filter(|delivered| delivered.supersedes(&revision)) {
            None => self.pass(""),
            Some(newer) => {
                self.ruling.superseded_by = Some(newer.request);
                self.discard(DiscardCause::Stale, latest::superseded(&revision, &newer));
            }
        }
    }

    /// The answer to [`Progress::Transform`] where the code made a request of it.
    pub fn transformed(&mut self, detail: String, execution: Execution) {
        self.step(detail, Some(execution));
    }

    /// The answer to [`Progress::Transform`] where it did not: the event ends here.
    pub fn failed(&mut self, why: String, execution: Execution) {
        self.ruling.discarded = Some(DiscardCause::TransformError);
        self.step(why, Some(execution));
    }

    /// What became of it: its state, from when it may be delivered, and what each rule did. `now` is the
    /// time that [`Pipeline::begin`] was given.
    pub fn end(self, now: Timestamp) -> (EventState, Timestamp, Ruling) {
        let state = match self.ruling.discarded {
            Some(_) => EventState::Discarded,
            None if self.due_at > now => EventState::Scheduled,
            None => EventState::Queued,
        };
        (state, self.due_at, self.ruling)
    }

    fn filter(&mut self, filter: &Filter, subject: &Subject<'_>) {
        if filter.matches(&subject.values) {
            return self.pass("");
        }
        let why = filter.explain(&subject.values).map(|mismatch| mismatch.to_string());
        self.discard(DiscardCause::Filtered, why.unwrap_or_default());
    }

    /// Discards what is too old; otherwise the revision of which it has to be found out whether it is the latest.
    fn stale(
        &mut self,
        older_than: Option<Duration>,
        latest: Option<&LatestBy>,
        subject: &Subject<'_>,
    ) -> Option<Revision> {
        let age = subject.provider_time.map(|happened_at| subject.received_at.since(happened_at));
        if let (Some(age), Some(older_than)) = (age, older_than)
            && age > older_than
        {
            let (age_s, allowed_s) = (age.as_secs(), older_than.as_secs());
            let why = format!("it was {age_s} s old when it arrived; {allowed_s} s are allowed");
            self.discard(DiscardCause::Stale, why);
            return None;
        }
        match latest.map(|latest| latest.revision(subject)) {
            Some(Ok(revision)) => return Some(revision),
            Some(Err(why)) => self.pass(&why),
            None if age.is_none() => self.pass("its provider does not say when it happened"),
            None => self.pass(""),
        }
        None
    }

    fn delay_until(&mut self, field: &Field, subject: &Subject<'_>) {
        let Some(text) = field.read_text(&subject.values) else {
            return self.pass(&format!("there is no time at {field}: not delayed"));
        };
        let Some(until) = moment::parse(&text) else {
            return self.pass(&format!("what stands at {field} is no time: not delayed"));
        };
        self.delay(until, subject);
    }

    /// Of several delays the longest counts.
    fn delay(&mut self, until: Timestamp, subject: &Subject<'_>) {
        let until = until.min(subject.received_at.plus(DELAY_MAX));
        self.due_at = self.due_at.max(until);
        self.pass(&format!("not before {}", moment::text(until)));
    }

    fn pass(&mut self, detail: &str) {
        self.step(detail.to_owned(), None);
    }

    fn discard(&mut self, cause: DiscardCause, why: String) {
        self.ruling.discarded = Some(cause);
        self.step(why, None);
    }

    fn step(&mut self, detail: String, execution: Option<Execution>) {
        let Some(rule) = self.next.checked_sub(1).and_then(|at| self.pipeline.rules.get(at)) else { return };
        self.ruling.steps.push(Step { kind: rule.kind(), detail, execution });
    }
}

impl Compiled {
    const fn kind(&self) -> hookyard_model::rule::RuleKind {
        use hookyard_model::rule::RuleKind;
        match self {
            Self::Filter(_) => RuleKind::Filter,
            Self::Deduplicate { .. } => RuleKind::Deduplicate,
            Self::Stale { .. } => RuleKind::Stale,
            Self::DelayFor(_) | Self::DelayUntil(_) => RuleKind::Delay,
            Self::Transform(_) => RuleKind::Transform,
        }
    }
}

/// What an event is remembered by; none where nothing of it is there.
fn claim_key(by: &[Field], subject: &Subject<'_>) -> Option<ClaimKey> {
    let mut hash = Hash::new();
    if by.is_empty() {
        hash.text(subject.provider_event_id?);
    }
    hash.fields(by, &subject.values);
    hash.finish().map(ClaimKey)
}

#[cfg(test)]
mod tests {
    use hookyard_model::rule::{Latest, RuleKind};

    use super::*;
    use crate::values::Parts;

    const ARRIVED: Timestamp = Timestamp::from_ms(1_700_000_100_000);

    fn subject<'a>(body: &'a [u8], id: Option<&'a str>) -> Subject<'a> {
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/json")];
        let parts = Parts { method: "POST", path: "", query: "", headers, topic: Some("order.paid"), body };
        Subject {
            values: Values::new(parts),
            received_at: ARRIVED,
            provider_event_id: id,
            provider_time: Some(Timestamp::from_ms(1_700_000_000_000)),
        }
    }

    fn filter(condition: &str) -> Rule {
        Rule::Filter { condition: condition.to_owned() }
    }

    /// Runs the rules; `first` is what every claim is answered with.
    fn run(rules: &[Rule], body: &[u8], first: Option<RequestId>) -> (EventState, Timestamp, Ruling) {
        let pipeline = Pipeline::compile(rules).unwrap();
        let mut run = pipeline.begin(ARRIVED);
        let subject = subject(body, Some("evt_1"));
        while let Progress::Claim { key, .. } = run.advance(&subject) {
            run.answer(key, first);
        }
        run.end(ARRIVED)
    }

    fn transform() -> Rule {
        Rule::Transform { code: "export default (request) => request".to_owned(), env: BTreeMap::new() }
    }

    #[test]
    fn without_rules_it_is_due_at_once() {
        assert_eq!(run(&[], b"{}", None), (EventState::Queued, ARRIVED, Ruling::default()));
    }

    #[test]
    fn the_first_rule_that_discards_ends_it() {
        let rules = [
            filter(r#"{"body": {"amount": {"$gt": 10}}}"#),
            filter(r#"{"topic": "order.refunded"}"#),
            Rule::Delay(Delay::For(Duration::from_secs(60))),
        ];
        let (state, _, ruling) = run(&rules, br#"{"amount": 11}"#, None);
        assert_eq!((state, ruling.discarded), (EventState::Discarded, Some(DiscardCause::Filtered)));
        assert_eq!(ruling.steps.len(), 2);
        let passed = Step { kind: RuleKind::Filter, detail: String::new(), execution: None };
        assert_eq!(ruling.steps[0], passed);
        assert!(ruling.steps[1].detail.starts_with("/topic"), "{ruling:?}");
    }

    #[test]
    fn rules_behind_a_transformation_see_what_it_made() {
        let rules = [transform(), filter(r#"{"body": {"amount": 2}}"#), transform(), filter("{}")];
        let pipeline = Pipeline::compile(&rules).unwrap();
        let mut run = pipeline.begin(ARRIVED);
        assert_eq!(run.advance(&subject(br#"{"amount": 1}"#, None)), Progress::Transform(0));
        let execution = Execution { cpu: Duration::from_micros(7), ..Execution::default() };
        run.transformed("changed the body".to_owned(), execution.clone());
        assert_eq!(run.advance(&subject(br#"{"amount": 2}"#, None)), Progress::Transform(1));
        run.failed("threw: no".to_owned(), execution.clone());
        assert_eq!(run.advance(&subject(b"{}", None)), Progress::End);
        let (state, _, ruling) = run.end(ARRIVED);
        assert_eq!((state, ruling.discarded), (EventState::Discarded, Some(DiscardCause::TransformError)));
        let kinds: Vec<_> = ruling.steps.iter().map(|step| (step.kind, step.execution.is_some())).collect();
        assert_eq!(
            kinds,
            [(RuleKind::Transform, true), (RuleKind::Filter, false), (RuleKind::Transform, true)]
        );
    }

    #[test]
    fn a_duplicate_names_the_first() {
        let rules = [Rule::Deduplicate { by: Vec::new(), window: Duration::from_secs(60) }];
        let (state, _, ruling) = run(&rules, b"{}", Some(RequestId(7)));
        assert_eq!((state, ruling.duplicate_of), (EventState::Discarded, Some(RequestId(7))));
        assert_eq!(ruling.claims, []);
        let (state, _, ruling) = run(&rules, b"{}", None);
        assert_eq!((state, ruling.claims.len()), (EventState::Queued, 1));
    }

    #[test]
    fn keys_differ_where_a_field_does_and_only_there() {
        let key = |by: &[&str], body: &str, id| {
            let by: Vec<Field> = by.iter().map(|field| field.parse().unwrap()).collect();
            claim_key(&by, &subject(body.as_bytes(), id))
        };
        let by = &["/body/a", "/body/b"];
        let one = key(by, r#"{"a":"x","b":"y"}"#, None);
        assert!(one.is_some());
        assert_eq!(one, key(by, r#"{"b":"y","a":"x","c":1}"#, Some("evt_9")));
        for other in [r#"{"a":"x"}"#, r#"{"a":"","b":"y"}"#, r#"{"a":"xy","b":""}"#, r#"{"a":"y","b":"x"}"#] {
            assert_ne!(one, key(by, other, None), "{other}");
        }
        assert_ne!(key(&["/body/a"], r#"{"a":"x"}"#, None), key(&["/body/b"], r#"{"b":"x"}"#, None));
        assert_eq!(key(by, "{}", None), None);
        assert_eq!(key(&[], "{}", None), None);
        assert_ne!(key(&[], "{}", Some("evt_1")), key(&[], "{}", Some("evt_2")));
    }

    #[test]
    fn what_happened_long_before_it_arrived_is_stale() {
        for (older_than, state) in [(99, EventState::Discarded), (100, EventState::Queued)] {
            let rules = [Rule::Stale { older_than: Some(Duration::from_secs(older_than)), latest: None }];
            assert_eq!(run(&rules, b"{}", None).0, state, "{older_than}");
        }
    }

    #[test]
    fn what_is_older_than_what_was_delivered_is_stale() {
        let latest = Latest { by: vec!["/body/id".to_owned()], time: Some("/body/at".to_owned()) };
        let rules =
            [Rule::Stale { older_than: Some(Duration::from_secs(100)), latest: Some(latest) }, filter("{}")];
        let delivered = |at_s: u64| Delivered { at: Timestamp::from_ms(at_s * 1_000), request: RequestId(7) };
        let judge = |body: &str, delivered: Option<Delivered>| {
            let pipeline = Pipeline::compile(&rules).unwrap();
            let mut run = pipeline.begin(ARRIVED);
            let subject = subject(body.as_bytes(), None);
            let progress = run.advance(&subject);
            if let Progress::Latest(revision) = progress {
                run.newest(revision, delivered);
                assert_eq!(run.advance(&subject), Progress::End);
            }
            run.end(ARRIVED)
        };
        for (body, newest, superseded_by) in [
            (r#"{"id":1,"at":50}"#, None, None),
            (r#"{"id":1,"at":50}"#, Some(delivered(49)), None),
            (r#"{"id":1,"at":50}"#, Some(delivered(50)), None),
            (r#"{"id":1,"at":50}"#, Some(delivered(51)), Some(RequestId(7))),
            (r#"{"at":50}"#, Some(delivered(51)), None),
            (r#"{"id":1}"#, Some(delivered(51)), None),
        ] {
            let (state, _, ruling) = judge(body, newest);
            let is_stale = superseded_by.is_some();
            assert_eq!(state == EventState::Discarded, is_stale, "{body} {newest:?}");
            assert_eq!(ruling.discarded.is_some(), is_stale);
            assert_eq!(ruling.superseded_by, superseded_by);
            assert_eq!(ruling.steps.len(), if is_stale { 1 } else { 2 });
            let is_compared = body.contains("id") && body.contains("at");
            assert_eq!(ruling.revision.is_some(), is_compared);
            assert_eq!(ruling.steps[0].detail.contains("not compared"), !is_compared, "{ruling:?}");
        }
    }

    #[test]
    fn the_longest_delay_counts() {
        let rules = |field: &str| {
            [Rule::Delay(Delay::For(Duration::from_secs(30))), Rule::Delay(Delay::Until(field.to_owned()))]
        };
        for (body, expected_s) in [
            (r#"{"at":"2023-11-14T22:15:10Z"}"#, 10),
            (r#"{"at":1700000160}"#, 60),
            (r#"{"at":"1700000160000"}"#, 60),
            (r#"{"at":"soon"}"#, 30),
            (r#"{"at":null}"#, 30),
            (r#"{"at":99999999999}"#, 30 * 24 * 3600),
        ] {
            let (state, due_at, _) = run(&rules("/body/at"), body.as_bytes(), None);
            let expected = ARRIVED.plus(Duration::from_secs(expected_s.max(30)));
            assert_eq!((state, due_at), (EventState::Scheduled, expected), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_applied_is_refused_with_its_number() {
        let seconds = Duration::from_secs;
        let with = |name: &str, value: &str| Rule::Transform {
            code: String::new(),
            env: [(name.to_owned(), Secret::new(value))].into(),
        };
        let latest = |field: &str| Some(Latest { by: vec![field.to_owned()], time: None });
        for (rule, expected) in [
            (filter("{"), "EOF while parsing"),
            (filter(r#"{"body":{"a":{"$like":1}}}"#), "$like"),
            (Rule::Deduplicate { by: vec!["id".into()], window: seconds(5) }, "`id`: a field begins"),
            (Rule::Deduplicate { by: Vec::new(), window: Duration::ZERO }, "from 1 s to 30 days"),
            (Rule::Stale { older_than: Some(Duration::ZERO), latest: None }, "longer than zero"),
            (Rule::Stale { older_than: None, latest: None }, "what an event is the `latest` of"),
            (Rule::Stale { older_than: None, latest: latest("id") }, "`id`: a field begins"),
            (Rule::Delay(Delay::For(seconds(31 * 24 * 3600))), "at most 30 days"),
            (Rule::Delay(Delay::Until("/nowhere".into())), "a field begins"),
            (with("1A", "x"), "`1A` cannot be a variable"),
            (with("A-B", "x"), "`A-B` cannot be a variable"),
            (with("A", &"x".repeat(VARIABLE_BYTES_MAX)), "`A` is longer"),
        ] {
            let error = Pipeline::compile(&[filter("{}"), rule]).unwrap_err();
            assert_eq!(error.number, 2);
            assert!(error.problem.contains(expected), "{}", error.problem);
        }
        assert_eq!(Pipeline::compile(&vec![filter("{}"); RULES_MAX + 1]).unwrap_err().number, 0);
        let twice = vec![Rule::Stale { older_than: None, latest: latest("/topic") }; 2];
        let error = Pipeline::compile(&twice).unwrap_err();
        assert_eq!((error.number, error.problem.contains("has one")), (2, true), "{error}");
    }
}
