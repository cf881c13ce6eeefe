//! A short run of the fuzzers in `fuzz/`: the kept inputs, an input for every provider, and what becomes
//! of them by cutting, doubling and changing. The same inputs every time.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has failed"
)]

use std::path::Path;
use std::{env, fs};

use hookyard_providers::providers;

#[path = "../../../fuzz/targets.rs"]
#[expect(unreachable_pub, reason = "the fuzzers' binaries use it as a module as well")]
mod targets;

/// How many changed inputs are made of each kept one, where a target is slow; eight times as many where not.
const CHANGES: u64 = 60;
/// How many first bytes of an input are tried, where it chooses a provider.
const CHOICES: u8 = 20;
/// Changes the number above, for a longer run by hand.
const CHANGES_VARIABLE: &str = "HOOKYARD_FUZZ_CHANGES";

#[test]
fn no_request_makes_a_verifier_fail() {
    run("judge", &requests(), 8 * changes(), targets::judge);
}

#[test]
fn no_request_makes_the_diagnosis_fail() {
    run("explain", &requests(), changes(), targets::explain);
}

#[test]
fn no_text_makes_the_templates_fail() {
    let mut seeds = corpus("template");
    seeds.extend(providers().flat_map(|provider| {
        let messages =
            provider.scheme.iter().filter_map(|scheme| scheme.signature.as_ref()).map(|known| &known.message);
        messages.chain(&provider.fields.id).map(|text| text.clone().into_bytes()).collect::<Vec<_>>()
    }));
    run("template", &seeds, 8 * changes(), targets::template);
}

/// The readers that are reached through few providers only: each has a target and kept inputs of its own.
#[test]
fn no_body_or_token_makes_a_reader_fail() {
    for (target, judge) in [
        ("jwt", targets::jwt as fn(&[u8])),
        ("form", targets::form),
        ("multipart", targets::multipart),
        ("xml", targets::xml),
    ] {
        // Each input once for each provider that the first byte can choose.
        let seeds: Vec<Vec<u8>> = corpus(target)
            .into_iter()
            .flat_map(|seed| (0..CHOICES).map(move |first| [&[first], &seed[1..]].concat()))
            .collect();
        run(target, &seeds, changes(), judge);
    }
}

/// The kept inputs, and every provider's example.
fn requests() -> Vec<Vec<u8>> {
    let mut seeds = corpus("judge");
    seeds.extend(providers().map(|provider| {
        let example = &provider.example;
        let mut text = format!("{}\nPOST /token{}\n", provider.name, example.suffix);
        for (name, value) in &example.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        text.push_str(example.body.as_deref().unwrap_or_default());
        text.into_bytes()
    }));
    seeds
}

fn changes() -> u64 {
    env::var(CHANGES_VARIABLE).map_or(CHANGES, |text| text.parse().unwrap())
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn run(target: &str, seeds: &[Vec<u8>], changes: u64, judge: fn(&[u8])) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for seed in seeds {
        judge(seed);
        let mut input = seed.clone();
        for change in 0..changes {
            if change % 8 == 0 {
                input.clone_from(seed);
            }
            random.change(&mut input, seeds);
            judge(&input);
        }
    }
    println!("{target}: {} inputs", seeds.len() as u64 * (changes + 1));
}

/// Marsaglia's xorshift: the same sequence every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Changes one thing: a bit, a byte, a piece cut out, doubled or taken from another input, the end.
    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len());
        let end = (at + self.below(40)).min(input.len());
        match self.below(6) {
            0 if !input.is_empty() => input[at] ^= 1 << self.below(8),
            1 if !input.is_empty() => input[at] = b"\n:{}[]\",=&%.|\0\x80\xff-0"[self.below(18)],
            2 => drop(input.drain(at..end)),
            3 if input.len() < 1 << 16 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            4 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                let piece = &other[from..(from + 30).min(other.len())];
                input.splice(at..end, piece.iter().copied());
            }
            _ => input.truncate(at),
        }
    }
}
