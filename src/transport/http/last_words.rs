//! The last answer on a connection, written without hyper: that there is no room, or what was wrong with a head that could
//! not be read, to which hyper would answer a status alone.

use std::time::Duration;

use hyper::StatusCode;
use rmcp::model::ErrorCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::transport::message::Refused;

/// How long they may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Says why, and closes; what the client sends meanwhile is read, or it would never see the answer.
pub async fn tell(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: StatusCode) {
    let told = async {
        stream.write_all(answer(status).as_bytes()).await?;
        stream.shutdown().await?;
        let mut sink = [0; 1024];
        while stream.read(&mut sink).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(GOODBYE, told).await;
}

/// The status of an answer of hyper's own. It has no body, as nothing has by which this server refuses.
pub fn wordless(sent: &[u8]) -> Option<StatusCode> {
    let head = sent.strip_prefix(b"HTTP/1.1 ")?.strip_suffix(b"\r\n\r\n")?;
    let status = StatusCode::from_bytes(head.get(..3)?).ok().filter(StatusCode::is_client_error)?;
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| line.eq_ignore_ascii_case(b"content-length: 0")).then_some(status)
}

fn answer(status: StatusCode) -> String {
    let again = if status == StatusCode::SERVICE_UNAVAILABLE { "Retry-After: 5\r\n" } else { "" };
    let body = Refused(ErrorCode::INVALID_REQUEST, words(status).to_owned(), None).answer();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n{again}Connection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => "this server has no room for another connection: try again in seconds",
        StatusCode::REQUEST_TIMEOUT => "the head of the request did not come in time: send it whole, in one go",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the head of the request is larger than 64 KiB, or has more than 100 headers: send fewer and shorter ones"
        }
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => "HTTP/2 is not spoken here: send the request by HTTP/1.1",
        _ => {
            "what came is no request of HTTP/1.1 that can be read. A client that speaks TLS needs http.tls in the \
             configuration, or a proxy before this server"
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_hypers_own_has_no_words() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(wordless(own), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        for other in [
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\n",
            "{\"jsonrpc\":\"2.0\"}",
            "",
        ] {
            assert_eq!(wordless(other.as_bytes()), None, "{other}");
        }
        assert_eq!(wordless(answer(StatusCode::BAD_REQUEST).as_bytes()), None);
    }
}
