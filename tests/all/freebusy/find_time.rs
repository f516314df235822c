//! Finding a time over HTTP.

use super::*;
use serde_json::{Value, json};

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

async fn find(user: &User, body: &Value) -> Answer {
    user.send("POST", "calendars/outbox/?find-time", &JSON, body.to_string()).await
}

dialogues! {
    /// Nobody who must come is busy, one of the rooms is free, in working hours, the best first.
    async fn the_best_times_for_people_and_a_room(ada: User, bob: User) {
        let (carol, address) = person(&ada).await;
        for (user, hour) in [(&bob, 8), (&carol, 9)] {
            let path = calendar(user, "work").await;
            event(user, &path, "e", &at(hour)).await;
        }
        let room = format!("small-{}", ada.name);
        principal(&ada, Kind::Resource, &room, &[]).await;
        let body = json!({
            "required": [bob.name], "optional": [format!("mailto:{address}")], "rooms": [room],
            "start": "2026-06-02T00:00:00Z", "end": "2026-06-03T00:00:00Z", "duration": "PT1H",
            "step": "PT1H", "count": 3,
            "hours": { "from": "09:00", "to": "13:00", "days": ["TU"], "zone": "Europe/Vienna" },
        });
        let answer = find(&ada, &body).await.expect(200);
        let found: Value = serde_json::from_slice(&answer.body).unwrap();
        let slot = |hour: u8, missing: Value| json!({
            "start": format!("2026-06-02T{hour:02}:00:00Z"), "end": format!("2026-06-02T{:02}:00:00Z", hour + 1),
            "room": room, "missing": missing, "tentative": [],
        });
        let missing = json!([format!("mailto:{address}")]);
        assert_eq!(found["slots"], json!([slot(7, json!([])), slot(10, json!([])), slot(9, missing)]), "{answer}");
        let status = |at: usize| found["people"][at]["status"].as_str().unwrap().to_owned();
        assert_eq!([status(0), status(1), status(2)], [SUCCESS, SUCCESS, SUCCESS]);
    }

    /// Who is not known does not stand in the way, and the answer says so.
    async fn of_whom_nothing_is_known_the_answer_says_so(ada: User) {
        let body = json!({
            "required": [ada.name, "eve@elsewhere.example"], "start": "2026-06-02T00:00:00Z",
            "end": "2026-06-02T01:00:00Z", "duration": "PT30M",
        });
        let found: Value = serde_json::from_slice(&find(&ada, &body).await.expect(200).body).unwrap();
        assert_eq!(found["slots"].as_array().unwrap().len(), 3);
        assert_eq!(found["people"][1]["status"], "5.3;No scheduling support for user");
    }

    async fn what_cannot_be_looked_for_is_refused(ada: User, bob: User) {
        let right = json!({
            "required": [ada.name], "start": "2026-06-02T00:00:00Z", "end": "2026-06-03T00:00:00Z", "duration": "PT1H",
        });
        find(&ada, &right).await.expect(200);
        for (key, value) in [
            ("start", json!("tomorrow")), ("end", json!("2026-06-01T00:00:00Z")), ("duration", json!("1h")),
            ("step", json!("PT1S")), ("required", json!([])), ("unknown", json!(1)), ("count", json!(-1)),
            ("hours", json!({ "from": "9", "to": "10:00" })), ("hours", json!({ "from": "10:00", "to": "09:00" })),
            ("hours", json!({ "from": "09:00", "to": "10:00", "days": ["XX"] })),
        ] {
            let mut wrong = right.clone();
            wrong[key] = value;
            find(&ada, &wrong).await.expect(400);
        }
        let mut zone = right.clone();
        zone["hours"] = json!({ "from": "09:00", "to": "10:00", "zone": "Nowhere/Known" });
        find(&ada, &zone).await.expect(403);
        ada.send("POST", "calendars/outbox/", &JSON, "{").await.expect(403);
        bob.send("POST", &ada.path("calendars/outbox/"), &JSON, right.to_string()).await.expect(403);
    }
}
