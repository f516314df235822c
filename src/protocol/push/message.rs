//! The message that a subscriber gets (draft-bitfire-webdav-push-00 §4.1).

use super::{CONTENT_UPDATE, PROPERTY_UPDATE, PUSH_MESSAGE, TOPIC};
use crate::domain::push::Telling;
use crate::format::xml::Writer;
use crate::protocol::dav::name::SYNC_TOKEN;

/// Its media type (§6.4).
pub const MEDIA_TYPE: &str = "application/xml; charset=\"UTF-8\"";

/// The message.
pub fn written(topic: &str, telling: &Telling) -> Vec<u8> {
    let mut w = Writer::with_capacity(768);
    w.document_start(&PUSH_MESSAGE);
    w.element(&TOPIC, topic);
    if telling.content {
        w.open(&CONTENT_UPDATE);
        if let Some(token) = &telling.token {
            w.element(&SYNC_TOKEN, &token.to_string());
        }
        w.close(&CONTENT_UPDATE);
    }
    if telling.properties {
        w.empty(&PROPERTY_UPDATE);
    }
    w.close(&PUSH_MESSAGE);
    w.out
}
