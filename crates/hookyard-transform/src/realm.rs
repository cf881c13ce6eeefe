//! A realm: one engine runtime in which one script is ready to run.
//!
//! Making a context costs QuickJS some 100 µs, more than a whole run may take, so a realm is used again. That is
//! safe because of what `realm/prelude.js` does before the script is loaded: all built-ins and the global object
//! are frozen, and what cannot be frozen is taken away. The script's own top-level code runs anew in each run.
//! After a failure that leaves anything unclear, the realm is thrown away ([`Ran::reusable`]).
//!
//! No realm ever has two scripts, so a hole in the freeze would show one script its own past, nothing more.

mod answer;
mod budget;
mod failure;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hookyard_model::execution::{Console, ConsoleLine, Level};
use rquickjs::promise::PromiseState;
use rquickjs::{
    Array, Context, Ctx, Function, IntoJs, Module, Object, Persistent, Promise, Runtime, TypedArray, Value,
};

use self::budget::Budget;
pub(crate) use self::budget::thread_cpu;
pub(crate) use self::failure::{out_of_time, position};
use crate::input::{Body, Input};
use crate::limits::Limits;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::script::Script;

const PRELUDE: &str = include_str!("realm/prelude.js");

/// What the realm may take for itself while it is made; far more than it does.
const BUILD_BYTES_MAX: usize = 512 << 20;

/// Memory beyond a run's limit with which a failure is described.
const DESCRIBE_BYTES: usize = 1 << 20;

/// How much may lie about in a realm before the collector looks for what is in cycles, in bytes.
const GARBAGE_BYTES: usize = 1 << 20;

/// A promise that was rejected while nothing waited for it, and how many are so.
#[derive(Default)]
struct Unhandled {
    count: u64,
    first: Option<Persistent<Value<'static>>>,
}

/// One script, ready.
pub(crate) struct Realm {
    host: Persistent<Object<'static>>,
    factory: Persistent<Function<'static>>,
    later: bool,
    /// What the realm takes when nothing runs, in bytes.
    own_bytes: usize,
    budget: Rc<Budget>,
    unhandled: Rc<RefCell<Unhandled>>,
    context: Context,
    // Dropped last: nothing of the above may outlive it.
    runtime: Runtime,
}

/// A run that has ended.
pub(crate) struct Ran {
    pub(crate) result: Result<Outcome, Failure>,
    /// Whether the realm is as it was before.
    pub(crate) reusable: bool,
}

impl Realm {
    /// Makes a realm for a script. The script has compiled before, so this fails for want of memory only.
    pub(crate) fn new(script: &Script) -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_memory_limit(BUILD_BYTES_MAX);
        let budget = Budget::watch(&runtime);
        let unhandled = watch_rejections(&runtime);
        let context = Context::full(&runtime)?;
        let (host, factory) = context.with(|ctx| -> rquickjs::Result<_> {
            let host: Object = ctx.eval(PRELUDE)?;
            let module = Module::declare(ctx.clone(), crate::script::FILE_NAME, script.wrapped())?;
            let (module, _) = module.eval()?;
            let factory: Function = module.get("default")?;
            let frozen: Function = ctx.globals().get::<_, Object>("Object")?.get("freeze")?;
            frozen.call::<_, Value>((factory.clone(),))?;
            Ok((Persistent::save(&ctx, host), Persistent::save(&ctx, factory)))
        })?;
        runtime.run_gc();
        let own_bytes = usize::try_from(runtime.memory_usage().malloc_size).unwrap_or(0);
        Ok(Self { host, factory, later: script.later(), own_bytes, budget, unhandled, context, runtime })
    }

    /// Runs the script once.
    pub(crate) fn run(&self, input: &Input, limits: &Limits) -> Ran {
        self.runtime.set_memory_limit(self.own_bytes.saturating_add(limits.memory_bytes));
        // What an earlier run left in cycles goes before it counts against this one.
        self.runtime
            .set_gc_threshold(self.own_bytes.saturating_add(GARBAGE_BYTES.min(limits.memory_bytes / 4)));
        self.runtime.set_max_stack_size(limits.stack_bytes.min(Limits::STACK_BYTES_MAX));
        self.budget.start(limits.cpu);
        let ended = self.context.with(|ctx| {
            let run = Run { ctx: &ctx, realm: self, input, limits };
            run.all().map_err(|error| run.stopped(error))
        });
        let result = match ended {
            Ok((request, console)) => Ok(Outcome { request, console, cpu: self.budget.used() }),
            Err(stopped) => Err(self.fail(stopped, limits)),
        };
        let left_over = self.runtime.is_job_pending();
        let unhandled = std::mem::take(&mut *self.unhandled.borrow_mut());
        let reusable = !left_over
            && match &result {
                Ok(_) => true,
                Err(failure) => matches!(
                    failure.kind,
                    FailureKind::Threw
                        | FailureKind::NoHandler
                        | FailureKind::Result
                        | FailureKind::UnhandledRejection
                ),
            };
        drop(unhandled);
        Ran { result, reusable }
    }

    /// Describes what stopped a run, with some memory and time of its own.
    fn fail(&self, stopped: Stopped, limits: &Limits) -> Failure {
        let out_of_time = self.budget.is_spent();
        let cpu = self.budget.used();
        let memory = usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(0);
        self.runtime.set_memory_limit(
            memory.max(self.own_bytes).saturating_add(limits.memory_bytes + DESCRIBE_BYTES),
        );
        self.budget.start(limits.cpu);
        let (kind, message, position) = self.context.with(|ctx| {
            let described = match stopped {
                _ if out_of_time => failure::out_of_time(limits),
                Stopped::Known(FailureKind::Memory, _) => failure::out_of_memory(limits, None),
                Stopped::Known(kind, message) => (kind, message, None),
                Stopped::Thrown(thrown) => self.describe(&ctx, thrown, limits),
                Stopped::Unhandled(reason) => failure::unhandled(self.describe(&ctx, reason, limits)),
            };
            // A getter of the error may run for ever, too.
            if self.budget.is_spent() { failure::out_of_time(limits) } else { described }
        });
        self.budget.start(limits.cpu);
        let console = self.context.with(|ctx| self.console(&ctx, limits).unwrap_or_default());
        Failure { kind, message, position, console, cpu }
    }

    fn describe(
        &self,
        ctx: &Ctx<'_>,
        thrown: Persistent<Value<'static>>,
        limits: &Limits,
    ) -> failure::Described {
        let described = || -> rquickjs::Result<(i32, String, String)> {
            let describe: Function = self.host(ctx)?.get("describe")?;
            let found: Array = describe.call((thrown.restore(ctx)?,))?;
            Ok((found.get(0)?, found.get(1)?, found.get(2)?))
        }();
        let (number, message, stack) = described.unwrap_or_default();
        // With no memory left for an error the engine throws `null`, and nothing else tells it from a script's own.
        if number == 0 && (message.is_empty() || message == "threw null") {
            let (kind, message, position) = failure::out_of_memory(limits, None);
            return (kind, format!("{message}, or threw null"), position);
        }
        failure::thrown(number, message, &stack, limits)
    }

    fn console(&self, ctx: &Ctx<'_>, limits: &Limits) -> rquickjs::Result<Console> {
        let printed: Function = self.host(ctx)?.get("printed")?;
        let taken: Array = printed.call(())?;
        let mut console = Console { lines: Vec::new(), dropped: taken.get(1)? };
        let mut bytes_left = limits.console_bytes;
        for line in taken.get::<Array>(0)?.iter::<Array>() {
            let line = line?;
            let level = Level::ALL.get(line.get::<usize>(0)?).copied().unwrap_or(Level::Log);
            let mut text: String = line.get(1)?;
            text.truncate(text.floor_char_boundary(bytes_left));
            bytes_left -= text.len();
            console.lines.push(ConsoleLine { level, text });
        }
        Ok(console)
    }

    fn host<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        self.host.clone().restore(ctx)
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        // Held by the runtime's own hook, which would keep it alive until after the runtime.
        drop(std::mem::take(&mut *self.unhandled.borrow_mut()));
    }
}

fn watch_rejections(runtime: &Runtime) -> Rc<RefCell<Unhandled>> {
    let unhandled = Rc::new(RefCell::new(Unhandled::default()));
    let seen = Rc::clone(&unhandled);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, _promise, reason, is_handled| {
        let mut unhandled = seen.borrow_mut();
        if is_handled {
            unhandled.count = unhandled.count.saturating_sub(1);
        } else {
            unhandled.count += 1;
            unhandled.first.get_or_insert_with(|| Persistent::save(&ctx, reason));
        }
    })));
    unhandled
}

/// What stopped a run.
enum Stopped {
    /// A value was thrown.
    Thrown(Persistent<Value<'static>>),
    /// A promise was rejected with it, and nothing waited for that.
    Unhandled(Persistent<Value<'static>>),
    /// Something that the host found.
    Known(FailureKind, String),
}

/// Why a step of a run did not succeed.
enum Halt {
    /// The engine has an exception.
    Engine(rquickjs::Error),
    /// Something that the host found.
    Known(FailureKind, String),
    /// A rejected promise that nothing waited for.
    Unhandled(Persistent<Value<'static>>),
}

impl From<rquickjs::Error> for Halt {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(error)
    }
}

/// One run while it lasts.
struct Run<'a, 'js> {
    ctx: &'a Ctx<'js>,
    realm: &'a Realm,
    input: &'a Input,
    limits: &'a Limits,
}

impl<'js> Run<'_, 'js> {
    fn all(&self) -> Result<(crate::outcome::Transformed, Console), Halt> {
        let host = self.realm.host(self.ctx)?;
        let texts = answer::Texts::of(self.input);
        let returned = self.call(&host, &texts)?;
        let returned = self.settle(returned)?;
        let finish: Function = host.get("finish")?;
        let found: Array = finish.call((returned,))?;
        // What getters of the result have started.
        self.drain()?;
        if let Some(thrown) = self.unhandled() {
            return Err(thrown);
        }
        let lines: u32 = found.get(6)?;
        let console = if lines > 0 { self.realm.console(self.ctx, self.limits)? } else { Console::default() };
        let request = answer::read(&found, self.input, &texts, self.limits, || {
            let canonical: Function = host.get("canonical")?;
            canonical.call(())
        })?;
        if self.realm.budget.is_spent() {
            return Err(Halt::Known(FailureKind::Cpu, String::new()));
        }
        Ok((request, console))
    }

    /// Runs the top-level code and the handler as far as they go without waiting.
    fn call(&self, host: &Object<'js>, texts: &answer::Texts) -> Result<Value<'js>, Halt> {
        let (ctx, request) = (self.ctx, &self.input.request);
        let run: Function = host.get("run")?;
        let mut args = rquickjs::function::Args::new(ctx.clone(), 16);
        args.push_arg(self.realm.factory.clone().restore(ctx)?)?;
        args.push_arg(self.realm.later)?;
        args.push_arg(self.input.now_ms as f64)?;
        // Two halves of the seed; any bits do.
        args.push_arg(self.input.seed as i32)?;
        args.push_arg((self.input.seed >> 32) as i32)?;
        for limit in [self.limits.output_bytes, self.limits.console_lines, self.limits.console_bytes] {
            args.push_arg(limit as f64)?;
        }
        for text in [&request.method, &request.path, &request.query, &texts.query, &texts.headers] {
            args.push_arg(text.as_str())?;
        }
        args.push_arg(texts.context.as_str())?;
        args.push_arg(texts.env.as_str())?;
        let (kind, body) = self.body()?;
        args.push_arg(kind)?;
        args.push_arg(body)?;
        Ok(run.call_arg(args)?)
    }

    fn body(&self) -> rquickjs::Result<(i32, Value<'js>)> {
        let ctx = self.ctx;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_js(ctx);
        Ok(match &self.input.request.body {
            Body::Empty => (answer::EMPTY, Value::new_null(ctx.clone())),
            Body::Text(bytes) => (answer::TEXT, text(bytes)?),
            Body::Json(bytes) => (answer::JSON, text(bytes)?),
            Body::Binary(bytes) => {
                (answer::BYTES, TypedArray::<u8>::new_copy(ctx.clone(), bytes.as_ref())?.into_value())
            }
        })
    }

    /// Waits for a promise, and for whatever else the script has started.
    fn settle(&self, returned: Value<'js>) -> Result<Value<'js>, Halt> {
        self.drain()?;
        let Some(promise) = returned.as_promise() else { return Ok(returned) };
        match promise.state() {
            PromiseState::Resolved => {
                promise.result().unwrap_or(Err(rquickjs::Error::Unknown)).map_err(Halt::from)
            }
            PromiseState::Rejected => Err(self.rejection(promise)),
            PromiseState::Pending => Err(Halt::Known(
                FailureKind::NeverSettles,
                "the handler returned a promise that nothing settles; there are no timers to wait for"
                    .to_owned(),
            )),
        }
    }

    fn rejection(&self, promise: &Promise<'js>) -> Halt {
        match promise.result::<Value>() {
            Some(Err(error)) => Halt::Engine(error),
            _ => Halt::Engine(rquickjs::Error::Unknown),
        }
    }

    /// Runs jobs until there are none.
    fn drain(&self) -> Result<(), Halt> {
        while self.ctx.execute_pending_job() {
            if self.realm.budget.is_spent() {
                return Err(Halt::Known(FailureKind::Cpu, String::new()));
            }
        }
        Ok(())
    }

    fn unhandled(&self) -> Option<Halt> {
        let mut unhandled = self.realm.unhandled.borrow_mut();
        if unhandled.count == 0 {
            return None;
        }
        unhandled.first.take().map(Halt::Unhandled)
    }

    /// Takes the exception out of the context, so that it can be looked at later.
    fn stopped(&self, halt: Halt) -> Stopped {
        match halt {
            Halt::Known(kind, message) => Stopped::Known(kind, message),
            Halt::Unhandled(reason) => Stopped::Unhandled(reason),
            Halt::Engine(rquickjs::Error::Exception) if self.ctx.has_exception() => {
                Stopped::Thrown(Persistent::save(self.ctx, self.ctx.catch()))
            }
            // Without memory the engine sometimes fails without an exception.
            Halt::Engine(rquickjs::Error::Allocation | rquickjs::Error::Exception) => {
                Stopped::Known(FailureKind::Memory, String::new())
            }
            Halt::Engine(error) => Stopped::Known(FailureKind::Result, error.to_string()),
        }
    }
}

/// A budget for what the realm does itself, when no run has one.
pub(crate) const BUILD_CPU: Duration = Duration::from_secs(5);
