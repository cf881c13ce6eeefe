//! One request and its answer as a stream of a shared connection.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use hookyard_model::attempt::{DeliveryError, ErrorKind};
use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use http_body::Body as _;
use http_body_util::Full;

use super::{Connection, Seat, explain};
use crate::exchange::{Answer, AnswerLimits, BodyEnd, Broken, Gathered};
use crate::stage::Stage;

/// What HTTP/2 does not know (RFC 9113, section 8.2.2).
const OF_ONE_CONNECTION: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// An exchange under way; given up before its end, it takes the connection's credit with it.
struct UnderWay<'a> {
    connection: &'a Connection,
    has_ended: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.connection.retire();
        }
    }
}

/// The body of a request, as far as it is still to be sent.
struct Upload {
    stream: SendStream<Bytes>,
    rest: Bytes,
}

impl Seat {
    /// Sends the request and reads the answer. Dropping the future resets the stream, and retires the connection.
    ///
    /// # Errors
    /// [`Broken`] where no whole answer came.
    pub async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<Answer, Broken> {
        *stage = Stage::Waiting;
        let connection = &*self.connection;
        let mut under_way = UnderWay { connection, has_ended: false };
        let answer = connection.exchange(request, limits, stage).await;
        under_way.has_ended = true;
        if answer.is_ok() {
            connection.proven.store(true, Ordering::Relaxed);
        }
        answer
    }
}

impl Connection {
    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<Answer, Broken> {
        let final_error = |error| Broken { error, unanswered: false };
        let (request, body) = addressed(request, &self.scheme).map_err(final_error)?;
        let reads = self.notes.reads();
        let broken = |error: h2::Error| {
            let is_silent = error.is_io()
                && self.proven.load(Ordering::Relaxed)
                && self.notes.reads() == reads
                && self.notes.tls_failure().is_none();
            let unanswered = is_silent || explain::was_not_taken(&error);
            Broken { error: explain::head(&error, &self.notes, limits), unanswered }
        };
        let (response, mut upload) = self.send(request, body).await?;
        let response = response_beside(response, &mut upload).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = self.read_body(body, upload, head.status.as_u16(), limits, stage).await;
        Ok(Answer::new(&head, body.map_err(final_error)?, limits))
    }

    /// Hands the request to the connection.
    async fn send(
        &self,
        request: Request<()>,
        body: Bytes,
    ) -> Result<(ResponseFuture, Option<Upload>), Broken> {
        // What fails here has not been sent.
        let unsent = |error: h2::Error| {
            let unanswered = error.is_io() || error.is_go_away();
            Broken { error: explain::unsent(&error, &self.notes), unanswered }
        };
        let mut sender = self.sender.clone().ready().await.map_err(unsent)?;
        let (response, stream) = sender.send_request(request, body.is_empty()).map_err(unsent)?;
        let upload = (!body.is_empty()).then(|| Upload { stream, rest: body });
        Ok((response, upload))
    }

    /// Reads the body: keeps its beginning, drops what follows, and resets the stream where that goes on for too
    /// long, or where the answer is complete before the request is.
    async fn read_body(
        &self,
        mut body: RecvStream,
        mut upload: Option<Upload>,
        status: u16,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<(Bytes, BodyEnd), DeliveryError> {
        let mut gathered = Gathered::new();
        loop {
            let body_bytes = gathered.body_bytes();
            *stage = Stage::Reading { status, body_bytes: body_bytes as u64 };
            let data = std::future::poll_fn(|cx| {
                go_on(&mut upload, cx);
                body.poll_data(cx)
            });
            let data = match data.await {
                None => return Ok(gathered.ended()),
                Some(Ok(data)) => data,
                Some(Err(error)) => return Err(explain::body(&error, &self.notes, status, body_bytes)),
            };
            // Fails only where the stream has ended.
            let _ = body.flow_control().release_capacity(data.len());
            if !gathered.take_in(&data, limits) {
                return Ok(gathered.cut_off());
            }
        }
    }
}

impl Upload {
    /// Ready when all is sent, or nothing more is wanted. Why, if there is anything to it, the answer says.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.rest.is_empty() {
            self.stream.reserve_capacity(self.rest.len());
            let room = self.stream.capacity();
            if room == 0 {
                match ready!(self.stream.poll_capacity(cx)) {
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return Poll::Ready(()),
                }
            }
            let part = self.rest.split_to(room.min(self.rest.len()));
            if self.stream.send_data(part, self.rest.is_empty()).is_err() {
                return Poll::Ready(());
            }
        }
        Poll::Ready(())
    }
}

/// Sends what can be sent of the request.
fn go_on(upload: &mut Option<Upload>, cx: &mut Context<'_>) {
    if let Some(sending) = upload
        && sending.poll(cx).is_ready()
    {
        *upload = None;
    }
}

/// The head of the answer, which may come before the request is sent.
async fn response_beside(
    mut response: ResponseFuture,
    upload: &mut Option<Upload>,
) -> Result<Response<RecvStream>, h2::Error> {
    std::future::poll_fn(|cx| {
        go_on(upload, cx);
        std::pin::Pin::new(&mut response).poll(cx)
    })
    .await
}

/// The request in the form of HTTP/2: the host in its URL instead of in a header.
fn addressed(request: Request<Full<Bytes>>, scheme: &Scheme) -> Result<(Request<()>, Bytes), DeliveryError> {
    let refuse = |detail: String| DeliveryError { kind: ErrorKind::Request, detail };
    let (mut parts, body) = request.into_parts();
    let host = parts.headers.get(HOST).ok_or_else(|| refuse("the request names no host".to_owned()))?;
    let authority = Authority::try_from(host.as_bytes()).map_err(|error| refuse(error.to_string()))?;
    let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let uri = Uri::builder().scheme(scheme.clone()).authority(authority).path_and_query(path).build();
    parts.uri = uri.map_err(|error| refuse(error.to_string()))?;
    parts.version = Version::HTTP_2;
    parts.headers = for_http2(parts.headers);
    Ok((Request::from_parts(parts, ()), whole(body)))
}

/// The bytes of a body that is there as a whole.
fn whole(mut body: Full<Bytes>) -> Bytes {
    match std::pin::Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

/// The headers that HTTP/2 knows, in their order, which taking some out would change.
fn for_http2(headers: HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    // The name stands with the first line that has it.
    let mut last = None;
    for (name, value) in headers {
        last = name.or(last);
        if let Some(name) = &last
            && *name != HOST
            && !OF_ONE_CONNECTION.contains(name)
        {
            kept.append(name, value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_becomes_part_of_the_url_and_headers_of_one_connection_go() {
        let mut request = Request::new(Full::new(Bytes::from_static(b"body")));
        *request.uri_mut() = Uri::from_static("/hook?a=%20");
        for name in ["keep-alive", "te", "upgrade", "connection", "proxy-connection", "transfer-encoding"] {
            request.headers_mut().append(name, "x".parse().unwrap());
            request.headers_mut().append(name, "y".parse().unwrap());
        }
        for value in ["z", "y"] {
            request.headers_mut().append("X-Kept", value.parse().unwrap());
            request.headers_mut().append("X-Also", value.parse().unwrap());
        }
        assert!(addressed(request.clone(), &Scheme::HTTPS).unwrap_err().detail.contains("no host"));
        request.headers_mut().append(HOST, "[::1]:8443".parse().unwrap());
        let (request, body) = addressed(request, &Scheme::HTTPS).unwrap();
        assert_eq!(body, "body");
        assert_eq!(request.uri(), "https://[::1]:8443/hook?a=%20");
        let lines = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        assert!(lines.eq([("x-kept", "z"), ("x-kept", "y"), ("x-also", "z"), ("x-also", "y")]));
    }
}
