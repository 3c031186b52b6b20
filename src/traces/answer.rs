//! What a collector's answer says of the lines that it was sent: a message of Protocol Buffers, of which two fields are read.

use serde_json::Value;

/// How many of the lines a collector rejected, by the body of its answer; none if that is no collector's.
pub(super) fn rejected(body: &[u8]) -> Option<u64> {
    if body.starts_with(b"{") {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let told = &answer["partialSuccess"]["rejectedLogRecords"];
        return Some(told.as_u64().or_else(|| told.as_str()?.parse().ok()).unwrap_or_default());
    }
    let mut rejected = 0;
    for (number, field) in fields(body)? {
        // ExportLogsServiceResponse.partial_success, and in it rejected_log_records.
        let (1, Field::Bytes(partial)) = (number, field) else { continue };
        for told in fields(partial)? {
            if let (1, Field::Number(told)) = told {
                rejected = told;
            }
        }
    }
    Some(rejected)
}

/// The value of a field.
enum Field<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    Other,
}

/// The fields of a message by their numbers; none if it is no message.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message)?;
        let field = match key & 7 {
            0 => Field::Number(number(&mut message)?),
            1 => taken(&mut message, 8).map(|_| Field::Other)?,
            2 => {
                let length = usize::try_from(number(&mut message)?).ok()?;
                Field::Bytes(taken(&mut message, length)?)
            }
            5 => taken(&mut message, 4).map(|_| Field::Other)?,
            _ => return None,
        };
        fields.push((key >> 3, field));
    }
    Some(fields)
}

/// A number of seven bits a byte, the lowest first.
fn number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *taken(message, 1)?.first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn taken<'m>(message: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::rejected;

    #[test]
    fn what_a_collector_rejected_is_read_and_what_is_none_of_a_collector_is_no_answer() {
        for (body, told) in [
            (&b""[..], Some(0)),
            (b"\x0a\x00", Some(0)),
            (b"\x0a\x03\x08\xac\x02", Some(300)),
            (b"\x0a\x07\x12\x03why\x08\x02", Some(2)),
            // Fields of a later version.
            (b"\x15abcd\x19abcdefgh\x0a\x02\x08\x01\x10\x05", Some(1)),
            (b"{}", Some(0)),
            (b"{\"partialSuccess\": {\"rejectedLogRecords\": \"3\"}}", Some(3)),
            (b"{\"partialSuccess\": {\"rejectedLogRecords\": 4}}", Some(4)),
            (b"{", None),
            (b"<html>", None),
            (b"\x0a\x05\x08\x01", None),
            (b"\x0a", None),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(rejected(body), told, "{body:?}");
        }
    }
}
