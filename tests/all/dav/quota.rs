//! Quota (RFC 4331, RFC 4918 §9.7, 507).

use crate::support::dav::{Server, User};

/// An account that may hold 1000 octets.
async fn small(server: &'static Server) -> User {
    server.account(|new| new.quota = Some(1_000)).await
}

async fn available(user: &User) -> (i64, i64) {
    let asked = "<D:quota-used-bytes/><D:quota-available-bytes/>";
    let found = user.propfind("files/", "0", asked).await;
    let number = |name: &str| found.only().text(name).parse().unwrap();
    (number("quota-used-bytes"), number("quota-available-bytes"))
}

async fn growth_is_refused(server: &'static Server) {
    let user = small(server).await;
    assert_eq!(available(&user).await, (0, 1_000));
    user.put("files/f", vec![b'x'; 600]).await;
    assert_eq!(available(&user).await, (600, 400));
    let answer = user.send("PUT", "files/g", &[], vec![b'x'; 401]).await;
    answer.expect_condition(507, "quota-not-exceeded");
    user.get("files/g").await.expect(404);
    let to = [("Destination", user.path("files/g"))];
    let to: Vec<_> = to.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = user.send("COPY", "files/f", &to, "").await;
    answer.expect_condition(507, "quota-not-exceeded");
    user.get("files/g").await.expect(404);
    // What replaces may grow by what is free; what shrinks, moves or goes is always allowed.
    user.put("files/f", vec![b'y'; 1_000]).await;
    assert_eq!(available(&user).await, (1_000, 0));
    user.send("MOVE", "files/f", &to, "").await.expect(201);
    user.send("PUT", "files/g", &[], vec![b'z'; 10]).await.expect(204);
    assert_eq!(available(&user).await, (10, 990));
    user.delete("files/g").await.expect(204);
    assert_eq!(available(&user).await, (0, 1_000));
}

async fn a_tree_that_does_not_fit_is_not_begun(server: &'static Server) {
    let user = small(server).await;
    user.mkcol("files/c").await;
    for name in ["a", "b"] {
        user.put(&format!("files/c/{name}"), vec![b'x'; 300]).await;
    }
    let to = user.path("files/k/");
    let answer = user.send("COPY", "files/c/", &[("Destination", &to)], "").await;
    answer.expect_condition(507, "quota-not-exceeded");
    user.get("files/k/").await.expect(404);
    assert_eq!(available(&user).await, (600, 400));
    user.delete("files/c/").await.expect(204);
    assert_eq!(available(&user).await, (0, 1_000));
}

async fn without_a_quota_only_the_use_is_told(server: &'static Server) {
    let user = server.user().await;
    user.put("files/f", "12345").await;
    let asked = "<D:quota-used-bytes/><D:quota-available-bytes/>";
    let found = user.propfind("files/", "0", asked).await;
    assert_eq!(found.only().text("quota-used-bytes"), "5");
    assert_eq!(found.only().status_of("quota-available-bytes"), Some(404));
    let all = user.send("PROPFIND", "files/", &[("Depth", "0")], "").await.multistatus();
    assert_eq!(all.only().status_of("quota-used-bytes"), None, "not in allprop (RFC 4331 §2)");
}

/// Runs a test with the server of each engine.
macro_rules! on_each {
    ($($name:ident),*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn sqlite() {
                super::$name(crate::support::dav::Server::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn postgres() {
                if let Some(server) = crate::support::dav::Server::postgres().await {
                    super::$name(server).await;
                }
            }
        }
    )*};
}
on_each!(
    growth_is_refused,
    a_tree_that_does_not_fit_is_not_begun,
    without_a_quota_only_the_use_is_told
);
