//! The time zone data distribution service (RFC 7808), asked without signing in.

use crate::support::dav::{Answer, User, dialogues};
use davenport::format::ical::Calendar;
use davenport::format::ical::zone::zone;
use davenport::format::recur::Steps;
use davenport::format::tz::{Zone, database};
use davenport::kernel::limits::TZDIST_BURST;
use serde_json::Value;
use std::time::Instant;

async fn ask(user: &User, method: &str, path: &str, more: &str) -> Answer {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n");
    let octets = user.server.raw(request.as_bytes()).await;
    Answer::read(&octets, method == "HEAD" || octets.starts_with(b"HTTP/1.1 304")).unwrap()
}

async fn get(user: &User, path: &str) -> Answer {
    ask(user, "GET", &format!("/tzdist{path}"), "").await
}

async fn json(user: &User, path: &str) -> Value {
    let answer = get(user, path).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(answer.header("cache-control").unwrap().contains("max-age="));
    serde_json::from_slice(&answer.body).unwrap()
}

/// Fails unless the answer is the problem of this name (RFC 7808 §4.1.7).
async fn refused(user: &User, path: &str, more: &str, status: u16, name: &str) {
    let answer = ask(user, "GET", &format!("/tzdist{path}"), more).await.expect(status);
    assert_eq!(answer.header("content-type"), Some("application/problem+json; charset=utf-8"));
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["type"], format!("urn:ietf:params:tzdist:error:{name}"), "{path}");
    assert_eq!(problem["status"], status);
}

fn tzids(list: &Value) -> Vec<&str> {
    let all = list["timezones"].as_array().unwrap().iter();
    all.map(|it| it["tzid"].as_str().unwrap()).collect()
}

dialogues! {
    /// RFC 7808 §4.2.1.3.
    async fn the_well_known_path_leads_to_the_service(user: User) {
        let answer = ask(&user, "GET", "/.well-known/timezone", "").await.expect(301);
        assert_eq!(answer.header("location"), Some("/tzdist"));
        assert!(answer.header("cache-control").unwrap().contains("max-age="));
        let it = user.propfind("calendars/", "0", "<C:timezone-service-set/>").await;
        let href = it.only().prop("timezone-service-set").child("DAV:", "href").unwrap();
        assert_eq!(href.text(), "/tzdist");
    }

    /// RFC 7808 §5.1, §6.1: every action that is told is there.
    async fn the_capabilities_are_what_is_served(user: User) {
        let it = json(&user, "/capabilities").await;
        assert_eq!(it["version"], 1);
        assert_eq!(it["info"]["primary-source"], format!("IANA:{}", database::version()));
        assert_eq!(it["info"]["formats"], serde_json::json!(["text/calendar"]));
        assert_eq!(it["info"]["truncated"]["any"], true);
        let actions = it["actions"].as_array().unwrap();
        let names: Vec<_> = actions.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["capabilities", "list", "get", "expand", "find", "leapseconds"]);
        for action in actions {
            let template = action["uri-template"].as_str().unwrap();
            let path = template.replace("{/tzid}", "/Europe%2FBerlin")
                .replace("{?start,end}", "?start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z")
                .replace("{?pattern}", "?pattern=*").replace("{?changedsince}", "?changedsince=x");
            ask(&user, "GET", &path, "").await.expect(200);
        }
    }

    /// RFC 7808 §5.2, §6.2, §4.1.4: the tags in the list are those of the zones; nothing has
    /// changed since the token of now.
    async fn the_list_tells_what_changed(user: User) {
        let all = json(&user, "/zones").await;
        let token = all["synctoken"].as_str().unwrap();
        assert!(tzids(&all).len() > 400);
        for name in ["Europe/Berlin", "America/New_York", "Etc/GMT+5", "UTC"] {
            let entry = all["timezones"].as_array().unwrap().iter().find(|it| it["tzid"] == name);
            let entry = entry.unwrap_or_else(|| panic!("{name}"));
            let path = format!("/zones/{}", name.replace('/', "%2F").replace('+', "%2B"));
            let zone = get(&user, &path).await.expect(200);
            assert_eq!(zone.header("etag").unwrap().trim_matches('"'), entry["etag"].as_str().unwrap());
            assert_eq!(entry["version"], database::version());
            assert_eq!(entry["publisher"], "IANA");
            assert!(entry["last-modified"].as_str().unwrap().ends_with("T00:00:00Z"));
        }
        let new_york = all["timezones"].as_array().unwrap().iter().find(|it| it["tzid"] == "America/New_York");
        assert!(new_york.unwrap()["aliases"].as_array().unwrap().contains(&"US/Eastern".into()));
        let none = json(&user, &format!("/zones?changedsince={token}")).await;
        assert!(tzids(&none).is_empty());
        assert_eq!(none["synctoken"], token);
        let old = json(&user, "/zones?changedsince=1999a").await;
        assert_eq!(tzids(&old), tzids(&all));
        refused(&user, "/zones?changedsince=a&changedsince=b", "", 400, "invalid-changedsince").await;
    }

    /// RFC 7808 §5.3: whole zones, links, and conditions.
    async fn a_zone_is_given_by_any_of_its_names(user: User) {
        let whole = get(&user, "/zones/America%2FNew_York").await.expect(200);
        assert_eq!(whole.header("content-type"), Some("text/calendar; charset=utf-8"));
        let text = whole.text();
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains("TZID:America/New_York\r\n"));
        assert!(!text.contains("TZUNTIL") && !text.contains("TZID-ALIAS-OF"));
        let calendar = Calendar::parse(&whole.body).unwrap();
        let written = zone(calendar.root().children().next().unwrap(), &mut Steps::new(10_000)).unwrap();
        let known = Zone::named("America/New_York").unwrap();
        for day in (-30_000..60_000).step_by(7) {
            assert_eq!(written.offset_at(day * 86_400), known.offset_at(day * 86_400), "{day}");
        }
        let link = get(&user, "/zones/US%2FEastern").await.expect(200).text();
        assert!(link.contains("TZID:US/Eastern\r\nTZID-ALIAS-OF:America/New_York\r\n"), "{link}");
        let slash = get(&user, "/zones/America/New_York").await.expect(200);
        assert_eq!(slash.text(), text);
        let tag = format!("If-None-Match: {}\r\n", whole.header("etag").unwrap());
        let path = "/tzdist/zones/America%2FNew_York";
        let same = ask(&user, "GET", path, &tag).await.expect(304);
        assert_eq!(same.header("etag"), whole.header("etag"));
        ask(&user, "GET", path, "If-None-Match: \"x\"\r\n").await.expect(200);
        let head = ask(&user, "HEAD", path, "").await.expect(200);
        assert_eq!(head.header("content-length"), Some(text.len().to_string().as_str()));
        for wish in ["text/calendar", "*/*", "text/*;q=0.1, application/json"] {
            ask(&user, "GET", path, &format!("Accept: {wish}\r\n")).await.expect(200);
        }
        let (at, accept) = ("/zones/America%2FNew_York", "Accept: application/calendar+json\r\n");
        refused(&user, at, accept, 406, "invalid-format").await;
    }

    /// RFC 7808 §3.9, §5.3: a part has another tag.
    async fn a_part_of_a_zone_is_given(user: User) {
        let part = "/zones/America%2FNew_York?start=2010-01-01T00:00:00Z&end=2020-01-01T00:00:00Z";
        let it = get(&user, part).await.expect(200);
        assert!(it.text().contains("TZUNTIL:20200101T000000Z\r\n"));
        assert_eq!(it.text().matches("DTSTART:20091231T190000\r\n").count(), 1);
        let whole = get(&user, "/zones/America%2FNew_York").await.expect(200);
        assert_ne!(it.header("etag"), whole.header("etag"));
        for (query, name) in [
            ("start=2010", "invalid-start"),
            ("start=2010-01-01T00:00:00Z&start=2010-01-01T00:00:00Z", "invalid-start"),
            ("end=x", "invalid-end"),
            ("start=2010-01-01T00:00:00Z&end=2010-01-01T00:00:00Z", "invalid-end"),
        ] {
            refused(&user, &format!("/zones/America%2FNew_York?{query}"), "", 400, name).await;
        }
    }

    /// RFC 7808 §5.4, its example; what is too long ends where it says.
    async fn the_changes_of_a_zone_are_told(user: User) {
        let path = |zone: &str, start: &str, end: &str| {
            format!("/zones/{zone}/observances?start={start}T00:00:00Z&end={end}T00:00:00Z")
        };
        let it = json(&user, &path("America%2FNew_York", "2008-01-01", "2009-01-01")).await;
        let told = |name: &str, onset: &str, from: i64, to: i64| {
            serde_json::json!({ "name": name, "onset": onset, "utc-offset-from": from, "utc-offset-to": to })
        };
        assert_eq!(it, serde_json::json!({
            "tzid": "America/New_York",
            "observances": [
                told("EST", "2008-01-01T00:00:00Z", -18_000, -18_000),
                told("EDT", "2008-03-09T07:00:00Z", -18_000, -14_400),
                told("EST", "2008-11-02T06:00:00Z", -14_400, -18_000),
            ],
        }));
        let one = get(&user, &path("Europe%2FBerlin", "2008-01-01", "2009-01-01")).await;
        let zone = get(&user, "/zones/Europe%2FBerlin").await;
        assert_eq!(one.header("etag"), zone.header("etag"));
        let long = json(&user, &path("Europe%2FBerlin", "0001-01-01", "9999-12-31")).await;
        let all = long["observances"].as_array().unwrap();
        assert_eq!(all.len(), 1_000);
        assert!(long["end"].as_str().unwrap() > all.last().unwrap()["onset"].as_str().unwrap());
        let at = "/zones/Europe%2FBerlin/observances";
        refused(&user, at, "", 400, "invalid-start").await;
        refused(&user, &format!("{at}?start=2008-01-01T00:00:00Z"), "", 400, "invalid-end").await;
        refused(&user, &path("Nowhere", "2008-01-01", "2009-01-01"), "", 404, "tzid-not-found").await;
    }

    /// RFC 7808 §5.5.
    async fn zones_are_found_by_pattern(user: User) {
        for (pattern, found) in [
            ("US/Eastern", &["America/New_York"][..]),
            ("*new%20york*", &["America/New_York"]),
            ("europe%2Fkiev", &["Europe/Kyiv"]),
            ("*/Berlin", &["Europe/Berlin"]),
            ("Nowhere", &[]),
        ] {
            let it = json(&user, &format!("/zones?pattern={pattern}")).await;
            assert_eq!(tzids(&it), found, "{pattern}");
        }
        let america = json(&user, "/zones?pattern=America/*").await;
        assert!(tzids(&america).iter().filter(|name| name.starts_with("America/")).count() > 100);
        for pattern in ["a*b", "a%5Cb", "", "x&pattern=y"] {
            refused(&user, &format!("/zones?pattern={pattern}"), "", 400, "invalid-pattern").await;
        }
    }

    /// RFC 7808 §5.6, §6.4.
    async fn leap_seconds_are_told(user: User) {
        let it = json(&user, "/leapseconds").await;
        let all = it["leapseconds"].as_array().unwrap();
        assert_eq!(all.first().unwrap(), &serde_json::json!({ "utc-offset": 10, "onset": "1972-01-01" }));
        assert_eq!(all.last().unwrap(), &serde_json::json!({ "utc-offset": 37, "onset": "2017-01-01" }));
        assert!(it["expires"].as_str().unwrap() > "2026");
    }

    /// RFC 7808 §5: what no action is.
    async fn anything_else_is_no_action(user: User) {
        for path in ["", "/", "/nothing", "/zonesx", "/zones/%FF"] {
            refused(&user, path, "", 404, "invalid-action").await;
        }
        refused(&user, "/zones/America%2FPittsburgh", "", 404, "tzid-not-found").await;
        let answer = ask(&user, "POST", "/tzdist/zones", "Content-Length: 0\r\n").await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        // A path that only begins alike is not the service's.
        ask(&user, "GET", "/tzdistx", "").await.expect(401);
    }

    /// Nobody signs in, so nobody may make the server work long.
    async fn no_request_takes_long(user: User) {
        json(&user, "/zones").await;
        let begin = Instant::now();
        for _ in 0..20 {
            json(&user, "/zones?pattern=*").await;
            let far = "?start=0001-01-01T00:00:00Z&end=9999-12-31T00:00:00Z";
            get(&user, &format!("/zones/Europe%2FDublin{far}")).await.expect(200);
            get(&user, &format!("/zones/Europe%2FDublin/observances{far}")).await.expect(200);
        }
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    }
    /// RFC 7808 §8: who asks for too much is told when to come again, and nobody else is held up,
    /// behind the same proxy either. What a client has already does not count.
    async fn who_asks_too_much_is_slowed_down(user: User) {
        let of = |client: &str| format!("X-Forwarded-For: {client}\r\n");
        let known = get(&user, "/zones/UTC").await.expect(200).header("etag").unwrap().to_owned();
        let many = async |client: &str, count: i64, more: &str| {
            let head = format!("GET /tzdist/zones/UTC HTTP/1.1\r\nHost: localhost\r\n{}{more}", of(client));
            let all = format!("{head}\r\n").repeat(usize::try_from(count).unwrap());
            let octets = user.server.raw(format!("{all}{head}Connection: close\r\n\r\n").as_bytes()).await;
            String::from_utf8(octets).unwrap()
        };
        let count = TZDIST_BURST + 500;
        let polled = many("203.0.113.7", count, &format!("If-None-Match: {known}\r\n")).await;
        assert_eq!(polled.matches("HTTP/1.1 304").count() as i64, count + 1);
        let asked = many("203.0.113.7", count, "").await;
        assert!(asked.matches("HTTP/1.1 200").count() as i64 >= TZDIST_BURST);
        assert!(asked.contains("HTTP/1.1 429"), "nobody is slowed down");
        let zone = "/tzdist/zones/UTC";
        let over = ask(&user, "GET", zone, &of("203.0.113.7")).await.expect(429);
        assert_eq!(over.header("retry-after"), Some("1"));
        assert_eq!(over.header("content-type"), Some("application/problem+json; charset=utf-8"));
        ask(&user, "GET", "/tzdist/capabilities", &of("203.0.113.7")).await.expect(200);
        ask(&user, "GET", zone, &of("203.0.113.8")).await.expect(200);
    }
}
