//! The times in a token: `exp`, `nbf` and `iat` (RFC 7519, section 4.1).

use serde_json::Value;

use super::TokenProblem;

/// How far the clocks of provider and gateway may differ, in seconds.
const LEEWAY_S: u64 = 60;

/// What is asked of the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// How long ago `iat` may lie, in seconds; it must be there then.
    pub(crate) issued_within_s: Option<u64>,
    /// Whether `exp` must be there.
    pub(crate) expires: bool,
}

/// Judges the times of a token whose signature holds.
///
/// # Errors
/// [`TokenProblem`] of the claim or of the time.
pub(crate) fn check_times(claims: &Value, times: Times, now_s: u64) -> Result<(), TokenProblem> {
    match seconds(claims, "exp")? {
        Some(until_s) if now_s >= until_s.saturating_add(LEEWAY_S) => {
            return Err(TokenProblem::Expired(now_s - until_s));
        }
        None if times.expires => return Err(TokenProblem::Claim("exp")),
        _ => {}
    }
    if let Some(from_s) = seconds(claims, "nbf")?
        && from_s > now_s.saturating_add(LEEWAY_S)
    {
        return Err(TokenProblem::NotYet(from_s - now_s));
    }
    let Some(tolerance_s) = times.issued_within_s else { return Ok(()) };
    let issued_s = seconds(claims, "iat")?.ok_or(TokenProblem::Claim("iat"))?;
    if issued_s > now_s.saturating_add(LEEWAY_S) {
        return Err(TokenProblem::NotYet(issued_s - now_s));
    }
    let age_s = now_s.saturating_sub(issued_s);
    if age_s > tolerance_s { Err(TokenProblem::TooOld { age_s, tolerance_s }) } else { Ok(()) }
}

/// A NumericDate; the fraction is cut off. One that is no number is an error, never no limit.
fn seconds(claims: &Value, name: &'static str) -> Result<Option<u64>, TokenProblem> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_u64().or_else(|| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
                number.as_f64().filter(|seconds| (0.0..1e15).contains(seconds)).map(|seconds| seconds as u64)
            });
            whole.map(Some).ok_or(TokenProblem::Claim(name))
        }
        Some(_) => Err(TokenProblem::Claim(name)),
    }
}
