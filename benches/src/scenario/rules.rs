//! What rules and an order cost of the rate at which events go all the way: each in turn with none.

use super::{CLOSED_ROWS, delivery, rate, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::push::REPOSITORIES;
use crate::sink::{Behaviour, Sink};

const CONNECTIONS: usize = 64;

/// What a connection may have, and the figure of what that leaves.
const VARIANTS: [(&str, &str); 4] = [
    (
        "rules_filter_ratio",
        r#"rules = [{ filter = { headers = { x-github-event = "push" }, body = { ref = { "$startsWith" = "refs/heads/" } } } }]"#,
    ),
    (
        "rules_transform_ratio",
        r#"rules = [{ transform = { code = "addHandler('transform', (request) => request)" } }]"#,
    ),
    (
        "rules_transform_change_ratio",
        r#"rules = [{ transform = { code = "addHandler('transform', (request) => { request.body.forced = request.body.commits.length > 0; return request; })" } }]"#,
    ),
    (
        "rules_order_ratio",
        r#"order = { by = "key", fields = ["/headers/x-github-hook-installation-target-id"] }"#,
    ),
];

/// None, then each of the others, round by round.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    for _ in 0..bench.plan.rounds {
        let (plain_per_s, _) = delivered_per_s(bench, figures, None)?;
        figures.round("rules_none_per_s", plain_per_s);
        for (figure, settings) in VARIANTS {
            let (per_s, out_of_order) = delivered_per_s(bench, figures, Some(settings))?;
            figures.round(figure, per_s / plain_per_s);
            if figure == "rules_order_ratio" {
                figures.add("rules_out_of_order", out_of_order);
            }
            println!("  {figure}: {per_s:.0}/s of {plain_per_s:.0}/s, {:.2}", per_s / plain_per_s);
        }
    }
    Ok(())
}

/// Delivered per second, and how many events overtook one of their repository.
fn delivered_per_s(
    bench: &Bench,
    figures: &mut Figures,
    each_connection: Option<&str>,
) -> anyhow::Result<(f64, u64)> {
    let ledger = bench.ledger(CLOSED_ROWS);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let setup = Setup { each_connection: each_connection.map(str::to_owned), ..delivery::setup(&sink) };
    let mut gateway = Gateway::launch(bench, &setup)?;
    let (target, plan) = (gateway.target("bench"), &bench.plan);
    let rate = rate::measure(gateway.process()?, &target, &ledger, CONNECTIONS, plan, plan.window)?;
    rate.mention_trouble("hookyard");
    delivery::drain(&ledger);
    gateway.process()?.check()?;
    settle_accounts(figures, ledger.accounts());
    Ok((rate.delivered_per_s, ledger.out_of_order(REPOSITORIES)))
}
