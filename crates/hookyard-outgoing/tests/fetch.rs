//! Fetching over real sockets: what is asked, what comes back, and what is never asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::attempt::ErrorKind;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::fetch::{Fetch, FetchError, Fetcher};
use hookyard_outgoing::guard::Guard;
use http::{HeaderMap, HeaderValue, Method};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

const TIMEOUT: Duration = Duration::from_secs(20);
const BYTES_MAX: usize = 1_000;

/// A server that tells of each request and gives the same answer to all; none to give none.
struct Server {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start(answer: Option<String>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, seen) = (answer.clone(), seen.clone());
                match &tls {
                    None => drop(tokio::spawn(serve(stream, answer, seen))),
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            tokio::spawn(serve(stream, answer, seen));
                        }
                    }
                }
            }
        });
        Self { address, requests }
    }

    async fn answering(answer: &str) -> Self {
        Self::start(Some(answer.to_owned()), None).await
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/keys?x=1", self.address.port())
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Option<String>,
    seen: mpsc::UnboundedSender<String>,
) {
    let mut request = Vec::new();
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        (body.len() >= length.map_or(0, |length| length.parse().unwrap())).then_some(text)
    };
    let text = loop {
        let mut some = [0; 1_024];
        match stream.read(&mut some).await {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(some.get(..count).unwrap()),
        }
        if let Some(text) = whole(&request) {
            break text;
        }
    };
    seen.send(text).unwrap();
    match answer {
        Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
        None => std::future::pending().await,
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn loopback() -> Guard {
    Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()])
}

fn fetcher(guard: Guard) -> Fetcher {
    Fetcher::new(&Connector::new(guard, AnswerLimits::default()), TIMEOUT, BYTES_MAX)
}

fn get(url: &str, host: &str) -> Fetch {
    Fetch {
        method: Method::GET,
        url: url.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        hosts: vec![host.to_owned()],
    }
}

#[tokio::test]
async fn a_document_comes_back_and_the_request_says_what_it_should() {
    let mut server = Server::answering(&ok("the keys")).await;
    let fetcher = fetcher(loopback());
    assert_eq!(fetcher.fetch(&get(&server.url(), "127.0.0.1")).await.unwrap(), "the keys");
    let asked = server.requests.recv().await.unwrap();
    let host = format!("host: {}\r\n", server.address);
    assert!(asked.starts_with("GET /keys?x=1 HTTP/1.1\r\n") && asked.contains(&host), "{asked}");

    let mut post = get(&server.url(), "127.0.0.1");
    post.method = Method::POST;
    post.headers.insert("accept", HeaderValue::from_static("application/json"));
    post.body = Bytes::from_static(b"{\"key_id\":1}");
    fetcher.fetch(&post).await.unwrap();
    let asked = server.requests.recv().await.unwrap();
    assert!(asked.starts_with("POST /keys?x=1 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("accept: application/json\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\n{\"key_id\":1}"), "{asked}");
}

#[tokio::test]
async fn what_is_not_to_be_asked_is_not_asked() {
    let mut server = Server::answering(&ok("secret")).await;
    let url = server.url();
    let refused = fetcher(loopback()).fetch(&get(&url, "api.paypal.com")).await;
    assert_eq!(refused, Err(FetchError::Host("127.0.0.1".to_owned())));
    assert!(refused.unwrap_err().is_final());
    let nobody = Fetch { hosts: Vec::new(), ..get(&url, "") };
    assert!(matches!(fetcher(loopback()).fetch(&nobody).await, Err(FetchError::Host(_))));
    let Err(FetchError::Connection(error)) = fetcher(Guard::default()).fetch(&get(&url, "127.0.0.1")).await
    else {
        panic!("the guard let it through");
    };
    assert_eq!(error.kind, ErrorKind::AddressRefused);
    for url in ["ftp://127.0.0.1/", "http://me@127.0.0.1/", "nonsense"] {
        let refused = fetcher(loopback()).fetch(&get(url, "127.0.0.1")).await;
        assert!(matches!(refused, Err(FetchError::Url(_))), "{url}");
    }
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_is_taken_for_what_it_is() {
    let fetch = async |answer: &str| {
        let server = Server::answering(answer).await;
        fetcher(loopback()).fetch(&get(&server.url(), "127.0.0.1")).await
    };
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(fetch(moved).await, Err(FetchError::Status(302)));
    for (status, is_final) in [(404, true), (410, true), (403, false), (500, false), (503, false)] {
        let error = fetch(&format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await.unwrap_err();
        assert_eq!((error.is_final(), error), (is_final, FetchError::Status(status)));
    }
    assert_eq!(fetch(&ok(&"k".repeat(BYTES_MAX))).await.unwrap().len(), BYTES_MAX);
    let long = fetch(&ok(&"k".repeat(BYTES_MAX + 1))).await;
    assert_eq!(long, Err(FetchError::TooLong { bytes_max: BYTES_MAX }));
    let broken = fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(matches!(broken, Err(FetchError::Connection(error)) if error.kind == ErrorKind::Reset));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::start(None, None).await;
    let connector = Connector::new(loopback(), AnswerLimits::default());
    let fetcher = Fetcher::new(&connector, Duration::from_millis(50), BYTES_MAX);
    let Err(FetchError::Connection(error)) = fetcher.fetch(&get(&server.url(), "127.0.0.1")).await else {
        panic!("it was answered");
    };
    assert_eq!((error.kind, error.detail.as_str()), (ErrorKind::Timeout, "no answer within 50 ms"));
}

#[tokio::test]
async fn with_tls_the_certificate_has_to_hold() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let server = Server::start(Some(ok("by tls")), Some(TlsAcceptor::from(Arc::new(config)))).await;
    let wanted = get(&format!("https://localhost:{}/", server.address.port()), "localhost");
    let Err(FetchError::Connection(error)) = fetcher(loopback()).fetch(&wanted).await else {
        panic!("a stranger was trusted");
    };
    assert_eq!(error.kind, ErrorKind::Tls);
    let trusting = Connector::with_extra_roots(loopback(), AnswerLimits::default(), vec![certificate]);
    let fetched = Fetcher::new(&trusting, TIMEOUT, BYTES_MAX).fetch(&wanted).await;
    assert_eq!(fetched.unwrap(), "by tls");
}
