//! `${NAME}` in a text becomes the value of the environment variable; `$$` becomes a dollar sign.

/// Why a text cannot be expanded. The text itself is not part of the message: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    #[error("the environment variable `{0}` is not set: set it where hookyard is started")]
    Missing(String),
    #[error("a `$` is not part of `${{NAME}}`: write `$$` for a dollar sign")]
    StrayDollar,
}

/// Expands `text` with values from `env`. What a variable holds is not expanded again.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let Some((name, after)) = inside.filter(|(name, _)| is_name(name)) else {
            return Err(ExpandError::StrayDollar);
        };
        expanded.push_str(&env(name).ok_or_else(|| ExpandError::Missing(name.to_owned()))?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "A" => Some("alpha".to_owned()),
            "_b2" => Some("${A} $".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_and_dollar_signs() {
        for (text, expanded) in [
            ("", ""),
            ("plain }{ text", "plain }{ text"),
            ("${A}", "alpha"),
            ("x${A}y${EMPTY}z${A}", "xalphayzalpha"),
            ("${_b2}", "${A} $"),
            ("$$", "$"),
            ("$${A}", "${A}"),
            ("$$${A}", "$alpha"),
            ("ü${A}ü", "üalphaü"),
        ] {
            assert_eq!(expand(text, &env).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn everything_else_with_a_dollar_sign_is_refused() {
        for text in ["$", "a$b", "$A", "${}", "${A", "${1A}", "${A B}", "${A-x}", "$ {A}"] {
            assert_eq!(expand(text, &env), Err(ExpandError::StrayDollar), "{text}");
        }
        assert_eq!(expand("${A}${MISSING}", &env), Err(ExpandError::Missing("MISSING".to_owned())));
    }
}
