//! The service: authenticates a request, sorts its path, finds its method.

use super::answer::{self, DAV, empty, set};
use super::context::{Ask, locate};
use super::extension::{Extension, Post, Registry};
use super::fault::{About, verdict};
use super::guard;
use super::space::{self, Target};
use super::subject::On;
use crate::domain::availability::Open;
use crate::domain::collection::access::Telling;
use crate::domain::collection::guard::hold;
use crate::domain::collection::{Access, Kind, Place, Store, list};
use crate::domain::directory::login::{Attempt, Logins, SignIn};
use crate::domain::directory::{Principal, Protocols};
use crate::domain::push::Keys;
use crate::format::url::HostName;
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::Secret;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::error_body;
use crate::protocol::http::header::{basic, push_dont_notify, user_agent};
use crate::protocol::http::peer::Peer;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// The one realm: clients keep a password for each (CLIENTS.md, Thunderbird).
const CHALLENGE: &str = "Basic realm=\"Davenport\", charset=\"UTF-8\"";

/// Everything that a DAV request needs.
pub struct Service {
    /// The store.
    pub store: Store,
    /// Who may sign in.
    pub logins: Arc<Logins>,
    /// What is served.
    pub registry: Registry,
    /// What POST means to some collections.
    pub posts: &'static [Post],
    /// Who is told what.
    pub policy: Policy,
    /// What registrations for push need, where they are served.
    pub push: Option<Push>,
}

/// What registrations for push need.
pub struct Push {
    /// What the server is known by.
    pub keys: Arc<Keys>,
    /// Whether messages to a host may go without TLS.
    pub plain: Box<dyn Fn(&HostName) -> bool + Send + Sync>,
}

/// What the configuration says about who is told what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Whether whoever signs in finds every user, group and resource.
    pub open_directory: bool,
    /// Whether access may be granted to those who have not signed in.
    pub anonymous: bool,
    /// Whether everybody may know when everybody is busy.
    pub open_free_busy: Open,
}

impl Service {
    /// A service of these extensions.
    pub fn new(store: Store, extensions: &[&'static Extension], policy: Policy) -> Outcome<Self> {
        let (logins, registry) = (Arc::new(Logins::new()?), Registry::new(extensions));
        Ok(Self { store, logins, registry, posts: &[], push: None, policy })
    }
}

/// Answers a request.
pub async fn serve(
    service: Arc<Service>,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    match admitted(&service, request, peer).await {
        Ok((ask, body)) => dispatch(ask, body).await,
        Err(response) => response,
    }
}

/// Finds out who asks for what; otherwise the answer is there already.
///
/// # Errors
/// That answer.
pub async fn admitted(
    service: &Arc<Service>,
    request: Request<Incoming>,
    peer: Peer,
) -> Result<(Arc<Ask>, Incoming), Response<Body>> {
    let (mut parts, body) = request.into_parts();
    match admit(service, &mut parts, peer).await {
        Ok(admitted) => admitted.map(|ask| (Arc::new(ask), body)),
        Err(fault) => {
            let verdict = verdict(&fault, About::Other);
            let wanted = error_body(&parts.headers);
            Err(answer::of_verdict(&verdict, &answer::words(&fault), wanted))
        }
    }
}

/// Finds out who asks for what; the headers are taken when that came to an end. Otherwise the
/// answer is there already: a challenge, or what everyone may know.
async fn admit(
    service: &Arc<Service>,
    parts: &mut Parts,
    peer: Peer,
) -> Outcome<Result<Ask, Response<Body>>> {
    let path = space::decode(parts.uri.path())?;
    let target = space::target(&path);
    let reads = READING.contains(&parts.method.as_str());
    let who = match known(service, &parts.headers, peer).await? {
        Ok(Some(who)) => Some(who),
        // Evolution and others ask for the classes before they know a password. The answer is
        // the same for every path, so it tells nothing.
        Ok(None) if is_bare(parts) && parts.method == http::Method::OPTIONS => {
            return Ok(Err(options(&service.registry, On::ALL)));
        }
        Ok(None) if !peer.private => return Ok(Err(in_the_clear(&parts.headers))),
        Ok(None) if is_bare(parts) && service.policy.anonymous && reads => None,
        Ok(None) => return Ok(Err(challenge(&parts.headers))),
        Err(response) => return Ok(Err(response)),
    };
    let client = user_agent::client(&parts.headers).unwrap_or_default();
    let authority = parts.uri.authority().map(|a| a.as_str().to_owned());
    let authority = authority.or_else(|| {
        let host = parts.headers.get(http::header::HOST)?;
        host.to_str().ok().map(str::to_owned)
    });
    let telling = match parts.headers.get("schedule-reply").map(HeaderValue::as_bytes) {
        // RFC 6638 §8.1.
        Some(b"F" | b"f") => Telling::NoReply,
        _ => Telling::All,
    };
    let (store, now) = (service.store.clone(), clock::now());
    let quiet = push_dont_notify::parse(&parts.headers, space::REGISTRATION_ROOT);
    let access = match who {
        Some(who) => Access { quiet, telling, ..Access::new(store, who, &client, now) },
        None => Access::of_anyone(&store, client, now),
    };
    let (place, owner) = match &target {
        Target::Account(home, name, rest) => {
            let (place, owner) = locate(&access, *home, name, rest).await?;
            (Some(place), owner)
        }
        _ => (None, None),
    };
    if access.is_anonymous() && !is_public(&access, place.as_ref()).await? {
        return Ok(Err(challenge(&parts.headers)));
    }
    Ok(Ok(Ask {
        service: service.clone(),
        access,
        peer,
        method: parts.method.clone(),
        authority,
        headers: std::mem::take(&mut parts.headers),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        target,
        place,
        owner,
    }))
}

/// Whether a place can be read by whoever comes, which is asked by its path, before anything is
/// looked up: where it cannot, everything is answered alike.
async fn is_public(access: &Access, place: Option<&Place>) -> Outcome<bool> {
    let Some(place) = place else { return Ok(false) };
    Ok(list::rights_in(access, place).await?.on(&place.path).has(Privilege::Read))
}

fn is_bare(parts: &Parts) -> bool {
    !parts.headers.contains_key(http::header::AUTHORIZATION)
}

/// Who signs in with these headers; none: nobody does. The answer is there already to who may not.
///
/// # Errors
/// What the store failed with.
pub async fn known(
    service: &Service,
    headers: &HeaderMap,
    peer: Peer,
) -> Outcome<Result<Option<Principal>, Response<Body>>> {
    let basic::Credentials::Basic { user, password } = basic::parse(headers)? else {
        return Ok(Ok(None));
    };
    if !peer.private {
        return Ok(Err(in_the_clear(headers)));
    }
    Ok(match sign_in(service, &user, password, peer).await? {
        SignIn::Known(who) => Ok(Some(*who)),
        SignIn::Refused => Err(challenge(headers)),
        SignIn::TooMany(seconds) => Err(too_many(headers, seconds)),
    })
}

async fn sign_in(service: &Service, login: &str, password: Secret, peer: Peer) -> Outcome<SignIn> {
    let attempt = Attempt {
        login,
        password: &password,
        from: peer.address,
        protocol: Protocols::DAV,
        at: clock::now(),
    };
    service.logins.sign_in(&service.store, attempt).await
}

/// Asks to sign in.
pub fn challenge(headers: &HeaderMap) -> Response<Body> {
    let words = "sign in with the name or an address of your account, and its password";
    let mut response = answer::plainly(headers, StatusCode::UNAUTHORIZED, words);
    set(&mut response, WWW_AUTHENTICATE, CHALLENGE);
    response
}

/// RFC 4918 §20.1: where others can listen, a password is neither asked for nor looked at.
pub fn in_the_clear(headers: &HeaderMap) -> Response<Body> {
    let words = "nobody signs in over plain HTTP from another machine: use https";
    answer::plainly(headers, StatusCode::FORBIDDEN, words)
}

/// RFC 6585 §4.
fn too_many(headers: &HeaderMap, seconds: i64) -> Response<Body> {
    let words = format!("too many wrong passwords: try again in {seconds} seconds");
    let mut response = answer::plainly(headers, StatusCode::TOO_MANY_REQUESTS, &words);
    set(&mut response, RETRY_AFTER, &seconds.to_string());
    response
}

/// The answer to OPTIONS: the same classes everywhere, the methods of the class of resource.
pub fn options(registry: &Registry, class: On) -> Response<Body> {
    let mut response = empty(StatusCode::OK);
    set(&mut response, DAV, &registry.features);
    set(&mut response, ALLOW, &registry.allow(class));
    response
}

async fn dispatch(ask: Arc<Ask>, body: Incoming) -> Response<Body> {
    let registry = ask.registry();
    let class = presumed_class(&ask);
    let Some(method) = registry.method(ask.method.as_str()) else {
        let words = format!("{} is no method of this server", ask.method);
        let mut response = answer::error(&ask, StatusCode::NOT_IMPLEMENTED, &words);
        set(&mut response, ALLOW, &registry.allow(On::ALL));
        return response;
    };
    if !method.on.has(class) {
        return not_allowed(&ask, class);
    }
    let answered = match before(&ask).await {
        Ok(()) => (method.run)(ask.clone(), body).await,
        Err(fault) => Err(fault),
    };
    let mut response = answered.unwrap_or_else(|fault| match fault {
        // Whoever comes with a password may get more.
        Fault::Denied { .. } if ask.access.is_anonymous() => challenge(&ask.headers),
        fault => answer::fault(&ask, &fault),
    });
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        set(&mut response, ALLOW, &registry.allow(class));
    }
    response
}

/// Methods that change nothing and look after rights by themselves. They do not look at `If`.
const READING: [&str; 5] = ["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"];

/// The right that a method asks for first, and whether it is one on what holds the resource; the
/// others ask for the right to write content (RFC 3744 appendix B).
static FIRST_RIGHT: [(&str, Privilege, bool); 9] = [
    ("DELETE", Privilege::Unbind, true),
    ("MOVE", Privilege::Unbind, true),
    ("MKCOL", Privilege::Bind, true),
    ("MKCALENDAR", Privilege::Bind, true),
    ("POST", Privilege::Bind, false),
    ("COPY", Privilege::Read, false),
    ("UNLOCK", Privilege::Unlock, false),
    ("PROPPATCH", Privilege::WriteProperties, false),
    ("ACL", Privilege::WriteAcl, false),
];

/// What comes before everything else that a method may say: a stranger gets no other answer than
/// that he is one (RFC 4918 §8.1), and an `If` header counts for every method (§10.4.1).
async fn before(ask: &Ask) -> Outcome<()> {
    let Some(place) = &ask.place else { return Ok(()) };
    let reading = READING.contains(&ask.method.as_str());
    if !reading && list::rights_in(&ask.access, place).await?.on(&place.path).is_empty() {
        let row = FIRST_RIGHT.iter().find(|row| row.0 == ask.method.as_str());
        let (_, privilege, above) = row.copied().unwrap_or(("", Privilege::WriteContent, false));
        let lacks = match place.parent_path().filter(|_| above) {
            Some(parent) => place.at(parent, true),
            None => place.clone(),
        };
        return ask.access.demand_now(&lacks, privilege).await;
    }
    let alone = reading || ask.method.as_str() == "UNLOCK";
    if alone && ask.headers.contains_key("if") {
        hold(&ask.access, place, guard::of(ask).await?).await?;
    }
    Ok(())
}

/// 405 with the methods that are allowed.
pub fn not_allowed(ask: &Ask, class: On) -> Response<Body> {
    let words = format!("{} is not for this kind of resource; Allow lists what is", ask.method);
    let mut response = answer::error(ask, StatusCode::METHOD_NOT_ALLOWED, &words);
    set(&mut response, ALLOW, &ask.registry().allow(class));
    response
}

/// The classes that the path alone allows; what is really there is looked up by the method.
pub fn presumed_class(ask: &Ask) -> On {
    match (&ask.target, &ask.place) {
        (Target::Entrance, _) => On::ENTRANCE,
        (Target::Principal(..) | Target::Proxy(..), _) => On::PRINCIPAL,
        (Target::Nowhere, _) => On::ALL,
        (_, Some(place)) => match (place.home.kind(), place.depth()) {
            (Kind::CalendarHome, 0) => On::CALENDAR_HOME,
            (Kind::CalendarHome, 1) => On::CALENDAR,
            (Kind::CalendarHome, _) => On::of_object(place),
            (Kind::AddressbookHome, 0) => On::ADDRESSBOOK_HOME,
            (Kind::AddressbookHome, 1) => On::ADDRESSBOOK,
            (Kind::AddressbookHome, _) => On::CARD,
            (_, 0) => On::FOLDER,
            _ => On::FOLDER.or(On::FILE),
        },
        (_, None) => On::ALL,
    }
}
