//! The signers themselves: every case signs what its SDK accepts, and the SDK refuses what is bent, so that an SDK
//! that accepts anything proves nothing.

use std::collections::BTreeSet;

use hookyard_test_sdk::{Bend, SignRequest, Signer};

const NOW_S: u64 = 1_700_000_000;
const URL: &str = "http://127.0.0.1:4400/in/it?a=b%20c&d=e";
const BARE_URL: &str = "https://hooks.example/in";
/// For those that sign any text.
const BODIES: [&str; 2] = ["{\"id\": \"evt_1\",\r\n \"name\": \"Zo\u{eb} \u{1f4e6}\"}", "0"];
/// Fewer would mean that the table lost some.
const PROVIDERS_MIN: usize = 60;

#[test]
fn the_sdks_accept_what_is_signed_and_refuse_what_is_bent() {
    let signer = Signer::start();
    let cases = signer.cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let request = SignRequest::of(case, URL, NOW_S);
        // `sign` panics where the SDK does not accept.
        signer.sign(&request);
        signer.sign(&SignRequest::of(case, BARE_URL, NOW_S));
        if case.any_body {
            for body in BODIES {
                signer.sign(&SignRequest { body: body.as_bytes().to_vec(), ..request.clone() });
            }
        }
        for bend in Bend::ALL {
            // Node's HTTP server joins headers of one name before an SDK sees them.
            if bend == Bend::DoubledSignature {
                continue;
            }
            let Some(bent) = bend.bent(&signer, case, &request) else { continue };
            let accepted = signer.accepts(&request, &bent, NOW_S).is_ok();
            if accepted != case.lax.iter().any(|name| name == bend.name()) {
                wrong.push(format!("{}: {} accepted: {accepted}", case.name(), bend.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let providers: BTreeSet<&str> = cases.iter().map(|case| case.provider.as_str()).collect();
    println!("{} cases of {} providers", cases.len(), providers.len());
    assert!(providers.len() >= PROVIDERS_MIN, "only {} providers", providers.len());
}
