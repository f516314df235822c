//! Signing in to DAV (RFC 4918 §20.1, appendix E; RFC 7617).

use crate::support::dav::{Answer, Server, User, dialogues};
use davenport::domain::directory::admin::{self, Changes};
use davenport::domain::directory::{Kind, Protocols};
use davenport::kernel::clock;
use davenport::kernel::secret::Secret;
use davenport::protocol::http::peer::Peer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Gives the account a password of its own (and a slow hash).
async fn set_password(user: &User, password: &str) -> User {
    change(user, Changes { password: Some(Secret::new(password)), ..Changes::default() }).await;
    User { password: Secret::new(password), ..user.clone() }
}

async fn change(user: &User, changes: Changes) {
    let (store, name) = (user.server.store.clone(), user.name.clone());
    let work = async move { admin::change(&store, &name, Some(Kind::User), changes).await };
    user.server.on(work).await.unwrap();
}

fn with(user: &User, password: &str) -> User {
    User { password: Secret::new(password), ..user.clone() }
}

/// A GET as this user, as if it came from that address through the proxy.
async fn from(user: &User, address: &str) -> Answer {
    user.send("GET", "files/", &[("X-Forwarded-For", address)], "").await
}

/// What a client at that address hears over plain HTTP.
async fn in_the_clear(server: &'static Server, address: &str, request: String) -> Answer {
    let peer = Peer::of_socket(address.parse().unwrap(), false);
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let served = server.on(async move {
        davenport::server::conn::serve(&server.shell, far, peer).await;
    });
    let asked = async {
        near.write_all(request.as_bytes()).await.unwrap();
        let mut out = Vec::new();
        near.read_to_end(&mut out).await.unwrap();
        out
    };
    let (_, out) = tokio::join!(served, asked);
    Answer::read(&out, false).expect("an answer")
}

dialogues! {
    /// RFC 4918 appendix E: without and with wrong credentials a 401 with a challenge.
    async fn a_401_has_a_challenge(user: User) {
        let path = user.path("files/");
        let wrong = with(&user, "wrong");
        let unknown = User { name: format!("{}x", user.name), ..user.clone() };
        let own_address = [("X-Forwarded-For", "10.9.0.1")];
        for answer in [
            user.server.send("PROPFIND", &path, &own_address, "").await,
            user.server.send("GET", "/", &own_address, "").await,
            wrong.send("GET", &path, &own_address, "").await,
            unknown.send("GET", &path, &own_address, "").await,
            user.server.send("GET", &path, &[("Authorization", "Bearer x"), own_address[0]], "").await,
            user.server.send("GET", &path, &[("Authorization", "Digest username=\"a\""), own_address[0]], "").await,
            user.server.send("GET", &path, &[("Authorization", "Basic "), own_address[0]], "").await,
        ] {
            let answer = answer.expect(401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Basic realm=\"") && challenge.contains("charset=\"UTF-8\""));
        }
        user.server.send("GET", &path, &[("Authorization", "Basic !!!")], "").await.expect(400);
    }

    /// The name in any case, any address of the account, a password of any script.
    async fn every_way_to_sign_in(user: User) {
        let user = set_password(&user, "pass:wörd ☃").await;
        for name in [user.name.clone(), user.name.to_uppercase(), format!("{}@localhost", user.name)] {
            let other = User { name, ..user.clone() };
            other.send("PROPFIND", &user.path("files/"), &[("Depth", "0")], "").await.expect(207);
        }
    }

    /// A changed password ends what was remembered of the old one, at once.
    async fn a_changed_password_counts_at_once(user: User) {
        let old = set_password(&user, "old password").await;
        from(&old, "10.9.1.1").await.expect(200);
        from(&old, "10.9.1.1").await.expect(200);
        let new = set_password(&user, "new password").await;
        from(&old, "10.9.1.1").await.expect(401);
        from(&new, "10.9.1.1").await.expect(200);
    }

    /// A locked account is refused at once, and let in again when it is unlocked.
    async fn a_locked_account_is_refused(user: User) {
        from(&user, "10.9.2.1").await.expect(200);
        change(&user, Changes { locked: Some(true), ..Changes::default() }).await;
        from(&user, "10.9.2.1").await.expect(401);
        change(&user, Changes { locked: Some(false), ..Changes::default() }).await;
        from(&user, "10.9.2.1").await.expect(200);
    }

    /// An app password works beside the password, and stops when it is deleted.
    async fn an_app_password_stops_when_it_is_deleted(user: User) {
        let main = set_password(&user, "the password").await;
        from(&user, "10.9.3.1").await.expect(200);
        from(&main, "10.9.3.1").await.expect(200);
        let (store, name) = (user.server.store.clone(), user.name.clone());
        user.server.on(async move { admin::delete_app_password(&store, &name, "test").await }).await.unwrap();
        from(&user, "10.9.3.1").await.expect(401);
        from(&main, "10.9.3.1").await.expect(200);
    }

    /// An app password for other protocols is none for DAV; one that has ended is none at all.
    async fn an_app_password_is_for_its_protocols_and_its_time(user: User) {
        let (store, name) = (user.server.store.clone(), user.name.clone());
        let made = user.server.on(async move {
            let at = clock::now();
            let mail = Protocols::parse(["imap", "smtp"]).unwrap();
            let mail = admin::add_app_password(&store, &name, "mail", mail, None, at).await?;
            let over = Some(at.plus_seconds(-1));
            let over = admin::add_app_password(&store, &name, "over", Protocols::ALL, over, at).await?;
            davenport::kernel::fault::Outcome::Ok((mail, over))
        });
        let (mail, over) = made.await.unwrap();
        for password in [mail, over] {
            from(&with(&user, password.expose()), "10.9.4.1").await.expect(401);
        }
        from(&user, "10.9.4.1").await.expect(200);
    }

    /// Who guesses is slowed down; who knows the password is not, wherever the guesses come from.
    async fn guessing_does_not_lock_out_the_owner(user: User) {
        let (home, elsewhere) = (format!("10.8.{}.1", user.name.len()), "10.7.0.1");
        let user = set_password(&user, "the password").await;
        from(&user, &home).await.expect(200);
        let wrong = with(&user, "a guess");
        let mut slowed = None;
        for _ in 0..20 {
            let answer = from(&wrong, elsewhere).await;
            if answer.status == 429 {
                slowed = Some(answer);
                break;
            }
            answer.expect(401);
        }
        let slowed = slowed.expect("guessing is slowed down");
        assert!(slowed.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        from(&user, &home).await.expect(200);
        // Even where nothing is remembered of the credentials: a new password from the old place.
        let new = set_password(&user, "another password").await;
        from(&new, &home).await.expect(200);
    }

    /// RFC 4918 §20.1: over plain HTTP from another machine, no password is asked for or tried.
    async fn no_password_in_the_clear(user: User) {
        let line = |authorization: &str| {
            format!("GET {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{authorization}\r\n", user.path("files/"))
        };
        let good = format!("Authorization: {}\r\n", user.authorization());
        for authorization in ["", &good] {
            let answer = in_the_clear(user.server, "192.0.2.9", line(authorization)).await.expect(403);
            assert_eq!(answer.header("www-authenticate"), None);
        }
        in_the_clear(user.server, "127.0.0.1", line(&good)).await.expect(200);
        in_the_clear(user.server, "::1", line(&good)).await.expect(200);
    }
}
