//! `push-register`: a POST to a collection asks to be told of its changes
//! (draft-bitfire-webdav-push-00 §3.1, §6.1).

use crate::domain::push::{self, Depth, Triggers, Wish};
use crate::format::url::WebUrl;
use crate::format::web_push::{Recipient, unwritten};
use crate::format::xml::{Element, Ns};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Outcome, PushRule, Refusal};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{empty, set};
use crate::protocol::dav::service::Push;
use crate::protocol::dav::space::registration_path;
use crate::protocol::http::body::Body;
use http::header::{EXPIRES, LOCATION};
use http::{Response, StatusCode};
use std::sync::Arc;

/// Registers; the answer says where the registration is and when it ends.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let Some(service) = &ask.service.push else {
        let why = "push is switched off here".to_owned();
        return Err(Refusal::Push(PushRule::NotAvailable, why).into());
    };
    let wish = wish(&root, service)?;
    let (token, expires_at) = push::register(&ask.access, ask.need_place()?, wish).await?;
    let mut response = empty(StatusCode::NO_CONTENT);
    set(&mut response, LOCATION, &ask.absolute(&registration_path(&token)));
    set(&mut response, EXPIRES, &expires_at.http_date());
    Ok(response)
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::Push(PushRule::InvalidSubscription, why.into())
}

/// The one child of this name.
fn only<'e>(of: &'e Element, name: &str) -> Result<&'e Element, Refusal> {
    let mut all = of.elements().filter(|element| element.is(&Ns::Push, name));
    match (all.next(), all.next()) {
        (Some(it), None) => Ok(it),
        _ => Err(invalid(format!("{} needs exactly one {name}", of.name.local()))),
    }
}

fn wish(root: &Element, service: &Push) -> Result<Wish, Refusal> {
    let subscription = only(only(root, "subscription")?, "web-push-subscription")?;
    let expires = root.child(&Ns::Push, "expires").map(|it| it.text());
    Ok(Wish {
        endpoint: endpoint(subscription, service)?,
        recipient: recipient(subscription)?,
        triggers: triggers(root)?,
        expires_at: expires.and_then(|text| Timestamp::parse_http_date(text.trim())),
    })
}

/// The push resource. It is spoken to over TLS (§7.3), but for hosts that the operator vouches for.
fn endpoint(subscription: &Element, service: &Push) -> Result<String, Refusal> {
    let text = only(subscription, "push-resource")?.text();
    let url = WebUrl::parse(&text).map_err(|why| invalid(format!("push-resource: {why}")))?;
    let kept = url.exposed();
    let web = kept.starts_with("https:") || kept.starts_with("http:");
    if !web || url.credentials().is_some() {
        return Err(invalid("push-resource must be an https: address without user and password"));
    }
    if !url.secure() && !(service.plain)(&url.host()) {
        return Err(invalid("push-resource must be an https: address"));
    }
    Ok(kept)
}

/// The keys that messages are encrypted for, without which none are sent (§6.3). DAVx5 names no
/// coding; there is one only.
fn recipient(subscription: &Element) -> Result<Recipient, Refusal> {
    let coding = subscription.child(&Ns::Push, "content-encoding").map(|it| it.text());
    if coding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("aes128gcm")) {
        return Err(invalid("the only content-encoding is aes128gcm"));
    }
    let key = only(subscription, "subscription-public-key")?;
    if key.attribute("type").is_some_and(|kind| kind != "p256dh") {
        return Err(invalid("the only type of a subscription-public-key is p256dh"));
    }
    let secret = only(subscription, "auth-secret")?;
    let parts = unwritten(&key.text()).zip(unwritten(&secret.text()));
    let recipient = parts.and_then(|(key, secret)| Recipient::new(&key, &secret));
    recipient.ok_or_else(|| {
        invalid(
            "subscription-public-key must be a P-256 point and auth-secret 16 octets, in base64url",
        )
    })
}

/// What is wanted, as far as there is such a thing (§3.1.1, §3.1.2). DAVx5 names nothing, and is told
/// of everything.
fn triggers(root: &Element) -> Result<Triggers, Refusal> {
    let Some(trigger) = root.child(&Ns::Push, "trigger") else {
        return Ok(Triggers { content: Some(Depth::All), properties: true });
    };
    let content = trigger.child(&Ns::Push, "content-update").map(depth);
    let properties = trigger.child(&Ns::Push, "property-update").is_some();
    if content.is_none() && !properties {
        let why = "there is content-update and property-update, and nothing else to be told of";
        return Err(Refusal::Push(PushRule::NoSupportedTrigger, why.to_owned()));
    }
    Ok(Triggers { content, properties })
}

/// What is not understood is the depth that is always there.
fn depth(trigger: &Element) -> Depth {
    match trigger.child(&Ns::Dav, "depth").map(|it| it.text()).as_deref().map(str::trim) {
        Some("infinity") => Depth::All,
        Some("0") => Depth::Itself,
        _ => Depth::Members,
    }
}
