//! Is the secret written in another way, or the algorithm another?

use super::{Case, Finding, finding};
use crate::definition::{Algorithm, Encoding, Key, KeyEncoding, Signature};
use crate::engine::mac;
use crate::engine::prepare::Site;
use crate::engine::symmetric::Symmetric;
use crate::explain;
use crate::read::Reader;
use crate::settings::Settings;

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::HmacMd5,
    Algorithm::HmacSha1,
    Algorithm::HmacSha256,
    Algorithm::HmacSha384,
    Algorithm::HmacSha512,
];
const ENCODINGS: [(Encoding, &str); 4] = [
    (Encoding::Hex, "lower-case hex"),
    (Encoding::HexUpper, "upper-case hex"),
    (Encoding::Base64, "base64"),
    (Encoding::Base64url, "base64 for URLs"),
];

/// What the key is, if another reading of the secret fits.
pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    if let Some(found) = trimmed(case) {
        return Some(found);
    }
    let provider = crate::provider(case.configuration.provider)?;
    let settings = Settings::new(provider, case.configuration.settings).ok()?;
    let signature = settings.scheme().ok()?.signature.as_ref()?;
    // Keyed hashes have the secret in the message, and public keys have one form only.
    mac::MacKey::hmac(signature.algorithm, b"any")?;
    if !case.is_short() {
        return None;
    }
    let tolerance_s = settings.tolerance_s(settings.scheme().ok()?).ok()?;
    let site = Site {
        settings: &settings,
        secrets: case.configuration.secrets,
        public_url: case.configuration.public_url,
    };
    let holds = |signature: &Signature| {
        let reader = Reader::new(&case.evidence.request, &settings);
        Symmetric::new(signature, tolerance_s, &site)
            .is_ok_and(|symmetric| symmetric.verify(reader, case.evidence.arrived_s).is_ok())
    };
    other_reading(signature, &holds).or_else(|| other_algorithm(signature, &holds))
}

fn trimmed(case: &Case<'_>) -> Option<Finding> {
    for (index, secret) in case.configuration.secrets.iter().enumerate() {
        let bare = secret.trim().trim_matches('"').trim();
        if bare != *secret
            && case.holds(
                &crate::Configuration { secrets: &[bare], ..*case.configuration },
                &case.evidence.request,
            )
        {
            return finding(
                format!("secret {} has white space or quotes around it; without them it matches", index + 1),
                "enter the secret again without them",
            );
        }
    }
    None
}

fn other_reading(signature: &Signature, holds: &dyn Fn(&Signature) -> bool) -> Option<Finding> {
    let readings = [
        (KeyEncoding::Raw, None, "as it is written, not decoded"),
        (KeyEncoding::Raw, Some("whsec_"), "without its `whsec_`, not decoded"),
        (KeyEncoding::Base64, Some("whsec_"), "decoded from base64"),
        (KeyEncoding::Hex, None, "decoded from hex"),
    ];
    for (encoding, strip, how) in readings {
        let strip = strip.map(str::to_owned);
        if signature.key.encoding == encoding && signature.key.strip == strip {
            continue;
        }
        let key = Key { encoding, strip, ..signature.key.clone() };
        if holds(&Signature { key, ..signature.clone() }) {
            return finding(
                format!("the signature matches if the secret is taken {how}"),
                "the sender reads the secret in another way than this provider: compare the secret with what the \
                 provider shows, or use the provider `hmac` with `secret_encoding`",
            );
        }
    }
    None
}

fn other_algorithm(signature: &Signature, holds: &dyn Fn(&Signature) -> bool) -> Option<Finding> {
    let encodings = ENCODINGS.into_iter().filter(|(encoding, _)| *encoding != signature.encoding);
    let own = explain::algorithm(signature.algorithm);
    for (encoding, name) in encodings {
        if holds(&Signature { encoding, ..signature.clone() }) {
            return finding(
                format!("the signature matches, but is written in {name}"),
                "the sender writes it in another way than this provider: use the provider `hmac` with `encoding`, or \
                 tell us",
            );
        }
    }
    for algorithm in ALGORITHMS.into_iter().filter(|algorithm| *algorithm != signature.algorithm) {
        if holds(&Signature { algorithm, ..signature.clone() }) {
            return finding(
                format!("the signature matches as {}, and {own} is expected", explain::algorithm(algorithm)),
                "choose the other algorithm at the provider, or another provider here",
            );
        }
    }
    None
}
