//! Where a request names the key's URL, nothing but the provider's hosts is ever asked.

use hookyard_providers::KeyCache;

use crate::{NOW_S, Posted, build};

const ELSEWHERE: [&str; 9] = [
    "http://HOST/k.pem",
    "https://evil.example/k.pem",
    "https://HOST.evil.example/k.pem",
    "https://evil.example/HOST/k.pem",
    "https://HOST@evil.example/k.pem",
    "https://evil.example\\@HOST/k.pem",
    "https://evil.example#@HOST/k.pem",
    "https://HOST:8443/k.pem",
    "https://169.254.169.254/latest/meta-data",
];

#[test]
fn paypal_and_sns_are_asked_and_nobody_else() {
    let paypal = build("paypal", &[], &[("webhook_id", "1")]);
    let topic = "arn:aws:sns:us-east-1:123456789012:MyTopic";
    let sns = build("aws-sns", &[], &[("topic_arn", topic)]);
    let cache = KeyCache::default();
    let to_paypal = |url: &str| {
        let time = ("paypal-transmission-time", "2024-07-01T00:00:00Z");
        let signature = ("paypal-transmission-sig", "AAAA");
        Posted::new(&[("paypal-transmission-id", "1"), time, signature, ("paypal-cert-url", url)], "{}")
    };
    let to_sns = |url: &str, topic: &str| {
        let body = serde_json::json!({
            "Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": "m", "Timestamp": "t",
            "Signature": "AAAA", "SigningCertURL": url,
        });
        Posted::new(&[], &body.to_string())
    };
    for url in ELSEWHERE {
        for (posted, verifier) in [
            (to_paypal(&url.replace("HOST", "api.paypal.com")), &paypal),
            (to_sns(&url.replace("HOST", "sns.us-east-1.amazonaws.com"), topic), &sns),
        ] {
            let why = posted.refused(verifier, &cache, NOW_S).to_string();
            assert!(why.starts_with("the key cannot be used: the key's URL"), "{url}: {why}");
        }
    }
    for bucket in ["sns.s3.us-east-1.amazonaws.com", "mine.s3.amazonaws.com", "sns.amazonaws.com"] {
        to_sns(&format!("https://{bucket}/k.pem"), topic).refused(&sns, &cache, NOW_S);
    }
    let url = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem";
    assert_eq!(to_sns(url, topic).needed(&sns, &cache, NOW_S).url, url);
    // Somebody else's topic is signed by SNS as well.
    let other = "arn:aws:sns:us-east-1:999999999999:MyTopic";
    let why = to_sns(url, other).refused(&sns, &cache, NOW_S).to_string();
    assert_eq!(why, "the JSON value `/TopicArn` is not what the source expects");
    let several = build("aws-sns", &[], &[("topic_arn", &format!("{topic}, {other}"))]);
    assert_eq!(to_sns(url, other).needed(&several, &cache, NOW_S).url, url);
    to_sns(url, &topic[..topic.len() - 1]).refused(&several, &cache, NOW_S);
}

#[test]
fn what_stands_behind_the_host_stays_there() {
    let circle = build("circle", &["key"], &[]);
    let cache = KeyCache::default();
    let with_id = |id: &str| Posted::new(&[("x-circle-signature", "AAAA"), ("x-circle-key-id", id)], "{}");
    for (id, path) in
        [("a-b_c.d~e", "a-b_c.d~e"), ("a?b=c#d", "a%3Fb%3Dc%23d"), ("a b\\c@d:e", "a%20b%5Cc%40d%3Ae")]
    {
        let needed = with_id(id).needed(&circle, &cache, NOW_S);
        assert_eq!(needed.url, format!("https://api.circle.com/v2/notifications/publicKey/{path}"));
        assert_eq!(needed.hosts, ["api.circle.com"]);
    }
    for id in ["..", "../../v1/wallets", "a/../b", "."] {
        let why = with_id(id).refused(&circle, &cache, NOW_S).to_string();
        assert!(why.contains("cannot be part of a URL"), "{id}: {why}");
    }
}
