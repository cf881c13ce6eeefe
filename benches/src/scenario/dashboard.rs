//! The dashboard in a browser: what of it is loaded, how soon something is seen over a million stored events, and whether the
//! list of events still moves while a thousand come in each second.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::Value;

use super::{delivery, history, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

/// What comes in while somebody looks; each is delivered as well, so that a row comes and changes.
const LIVE_PER_S: u32 = 1_000;
const LIVE_CONNECTIONS: usize = 16;
/// Times that each page is opened.
const OPENED: usize = 5;
/// The dashboard, whose own script looks at it.
const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web");

/// Weighs, opens, watches.
///
/// # Errors
/// When there is no Node.js or browser, with the command that installs it; when the gateway or a page fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let chromium = chromium()?;
    let measure = |args: &[&str]| {
        let mut command = Command::new("node");
        command.arg("bench/measure.js").args(args).current_dir(WEB).env("CHROMIUM", &chromium);
        command
    };
    let size = answer(measure(&["bundle"]))?;
    figures.set("dashboard_code_kb", number(&size, "/code")? / 1e3);
    figures.set("dashboard_fonts_kb", number(&size, "/fonts")? / 1e3);

    let pace = Pace { per_s: LIVE_PER_S, lasts: bench.plan.steady, connections: LIVE_CONNECTIONS };
    let ledger = bench.ledger(pace.requests() + 1);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let (mut gateway, _) = history::start(bench, &sink)?;
    let address = format!("http://{}", gateway.admin());
    paint(figures, &answer(measure(&["paint", &address, &OPENED.to_string()]))?)?;
    let seconds = bench.plan.steady.as_secs().to_string();
    watch(figures, measure(&["live", &address, &seconds]), &gateway, &ledger, pace)?;
    gateway.process()?.check()?;
    settle_accounts(figures, ledger.accounts());
    Ok(())
}

/// The slowest page counts.
fn paint(figures: &mut Figures, pages: &Value) -> anyhow::Result<()> {
    let (mut first, mut largest) = (0.0_f64, 0.0_f64);
    for (path, page) in pages.as_object().context("no pages")? {
        let (page_first, page_largest) =
            (number(page, "/first_paint_ms")?, number(page, "/largest_paint_ms")?);
        println!("  {path:<44} first {page_first:>6.0} ms  largest {page_largest:>6.0} ms");
        (first, largest) = (first.max(page_first), largest.max(page_largest));
    }
    figures.set("dashboard_first_paint_ms", first);
    figures.set("dashboard_largest_paint_ms", largest);
    Ok(())
}

/// Sends as soon as the page looks, for as long as it does.
fn watch(
    figures: &mut Figures,
    mut page: Command,
    gateway: &Gateway,
    ledger: &Arc<Ledger>,
    pace: Pace,
) -> anyhow::Result<()> {
    let mut page = page.stdout(Stdio::piped()).spawn().context("start node")?;
    let mut lines = BufReader::new(page.stdout.take().context("no output of node")?).lines();
    let looking = lines.next().transpose()?;
    if looking.as_deref() != Some("looking") {
        bail!("the page of live events did not open: {}", page.wait()?);
    }
    let sent = open::send(&[gateway.target(history::BUSY)], ledger, pace)?;
    delivery::drain(ledger);
    let seen = lines.next().transpose()?.context("the page of live events failed")?;
    page.wait()?;
    let seen: Value = serde_json::from_str(&seen).context("read what the page saw")?;
    println!("  {seen}");
    if sent.total() > 0 {
        println!("  {sent:?}");
    }
    if number(&seen, "/tops")? < 2.0 {
        bail!("the list of events did not move");
    }
    for (figure, pointer) in [
        ("dashboard_frame_p99_ms", "/frame_p99_ms"),
        ("dashboard_frame_max_ms", "/frame_max_ms"),
        ("dashboard_key_max_ms", "/key_max_ms"),
    ] {
        figures.set(figure, number(&seen, pointer)?);
    }
    Ok(())
}

/// Where the browser is.
fn chromium() -> anyhow::Result<String> {
    let script = Path::new(WEB).join("../scripts/chromium.sh");
    let output = Command::new(script).stderr(Stdio::inherit()).output().context("look for the browser")?;
    if !output.status.success() {
        bail!("there is no browser");
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The line of JSON that a command prints.
fn answer(mut command: Command) -> anyhow::Result<Value> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .context("start node; the dashboard is measured with Node.js, and built by `make web`")?;
    if !output.status.success() {
        bail!("{command:?} ended with {}; `make web` installs what it needs", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("read what {command:?} printed"))
}

fn number(value: &Value, pointer: &str) -> anyhow::Result<f64> {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .with_context(|| format!("no number at {pointer} in {value}"))
}
