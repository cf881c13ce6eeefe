//! An API key in the query. One in a header is just that header.

use std::borrow::Cow;

use form_urlencoded::{byte_serialize, parse};
use hookyard_model::secret::Secret;
use http::Uri;
use http::uri::PathAndQuery;

/// A parameter of the query.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    name: String,
    /// `name=value`, encoded.
    pair: Secret,
}

impl Parameter {
    pub(super) fn new(name: &str, key: &Secret) -> Self {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Secret::new(format!("{}={}", encoded(name), encoded(key.expose())));
        Self { name: name.to_owned(), pair }
    }

    /// Puts the parameter at the end of the query, and takes away what has its name: a sender's, where paths
    /// are appended.
    pub(super) fn apply(&self, uri: &mut Uri) -> Result<(), String> {
        let query = uri.query().unwrap_or_default();
        let is_other = |pair: &&str| {
            let name = parse(pair.as_bytes()).next().map_or(Cow::Borrowed(""), |(name, _)| name);
            !pair.is_empty() && name != self.name
        };
        let mut pairs: Vec<&str> = query.split('&').filter(is_other).collect();
        pairs.push(self.pair.expose());
        let target = format!("{}?{}", uri.path(), pairs.join("&"));
        // What the parser says of the text would hold the key.
        let target = PathAndQuery::try_from(target)
            .map_err(|_| "the API key cannot be appended to the request's URL".to_owned())?;
        *uri = Uri::from(target);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_is_the_last_and_the_only_one_of_its_name() {
        for (uri, expected) in [
            ("/hook", "/hook?api+key=a%26b%3D%C3%A4"),
            ("/hook?", "/hook?api+key=a%26b%3D%C3%A4"),
            ("/hook?x=1&y", "/hook?x=1&y&api+key=a%26b%3D%C3%A4"),
            ("/?api+key=mine&x=1&api%20key=mine&api+key", "/?x=1&api+key=a%26b%3D%C3%A4"),
            ("/?apikey=1&x=api+key&x=%ff", "/?apikey=1&x=api+key&x=%ff&api+key=a%26b%3D%C3%A4"),
        ] {
            let mut uri: Uri = uri.parse().unwrap();
            Parameter::new("api key", &Secret::new("a&b=ä")).apply(&mut uri).unwrap();
            assert_eq!(uri, expected);
        }
        assert!(!format!("{:?}", Parameter::new("key", &Secret::new("hunter2"))).contains("hunter2"));
    }
}
