//! What clients see of rooms and things, and how they find them.

use super::*;
use crate::support::dav::Answer;
use davenport::domain::directory::mode::Mode;
use davenport::domain::directory::resource::Form;
use serde_json::{Value, json};

const ROOM: &str = "xmlns:N=\"http://nextcloud.com/ns\"";

fn principal_of(room: &User) -> String {
    format!("/dav/principals/resources/{}/", room.name)
}

/// The principals that a search finds: one property-search for each name and text.
async fn found(user: &User, tests: &[(&str, &str)]) -> Vec<String> {
    let one = |(name, text): &(&str, &str)| {
        format!(
            "<D:property-search><D:prop><{name} {ROOM}/></D:prop><D:match match-type=\"equals\">{text}\
             </D:match></D:property-search>"
        )
    };
    let tests: String = tests.iter().map(one).collect();
    let body =
        format!("{tests}<D:prop><D:displayname/></D:prop><D:apply-to-principal-collection-set/>");
    let answer = user.report("/dav/principals/", "0", "D:principal-property-search", &body).await;
    answer.expect(207).multistatus().hrefs().into_iter().map(str::to_owned).collect()
}

async fn find(user: &User, room: Value, rooms: Value) -> Answer {
    let body = json!({
        "required": [user.name], "rooms": rooms, "room": room, "count": 2, "step": "PT1H",
        "start": rfc(on(3, 9)), "end": rfc(on(3, 12)), "duration": "PT1H",
    });
    let json = [("Content-Type", "application/json")];
    user.send("POST", "calendars/outbox/?find-time", &json, body.to_string()).await
}

/// A DATE-TIME as RFC 3339 writes it.
fn rfc(text: String) -> String {
    let (day, time) = text.split_once('T').unwrap();
    format!("{}-{}-{}T{}:{}:00Z", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4])
}

/// The starts' hours and rooms that a search told.
fn slots(answer: Answer) -> Vec<(String, Value)> {
    let found: Value = serde_json::from_slice(&answer.expect(200).body).unwrap();
    let slot = |it: &Value| (it["start"].as_str().unwrap()[11..13].to_owned(), it["room"].clone());
    found["slots"].as_array().unwrap().iter().map(slot).collect()
}

dialogues! {
    /// A principal says what it is, and whether it answers by itself.
    async fn a_principal_says_what_it_is(ann: User) {
        let room = room(&ann).await;
        let asked = format!(
            "<C:calendar-user-type/><S:record-type/><S:auto-schedule/><S:auto-schedule-mode/>\
             <N:room-seating-capacity {ROOM}/><N:room-features {ROOM}/><N:room-building-address {ROOM}/>"
        );
        let seen = async |path: &str| {
            let answer = ann.propfind(path, "0", &asked).await;
            let names = ["calendar-user-type", "record-type", "auto-schedule", "auto-schedule-mode",
                "room-seating-capacity", "room-features", "room-building-address"];
            names.map(|name| match answer.only().status_of(name) {
                Some(200) => answer.only().prop(name).text().into_owned(),
                _ => "-".to_owned(),
            })
        };
        let bare = ["ROOM", "locations", "true", "automatic", "-", "-", "-"];
        assert_eq!(seen(&principal_of(&room)).await, bare);
        tell(&room, |it| {
            it.mode = Some(Mode::None);
            it.form = Some(Form::Equipment);
            it.capacity = Some(Some(8));
            it.features = Some(vec!["Projector".into(), "Whiteboard".into()]);
            it.location = Some("Ground floor".into());
        }).await;
        let all = ["RESOURCE", "resources", "false", "none", "8", "Projector,Whiteboard", "Ground floor"];
        assert_eq!(seen(&principal_of(&room)).await, all);
        let person = ["INDIVIDUAL", "users", "-", "-", "-", "-", "-"];
        assert_eq!(seen(&ann.principal()).await, person);
    }

    /// Rooms are found by what they are, how many people they are for, and what is in them.
    async fn rooms_are_found_by_what_they_are_like(ann: User) {
        let (small, large, van) = (room(&ann).await, room(&ann).await, room(&ann).await);
        let here = format!("House {}", ann.name);
        for (it, form, seats, features) in [
            (&small, Form::Room, 4, vec!["whiteboard"]),
            (&large, Form::Room, 12, vec!["Projector", "whiteboard"]),
            (&van, Form::Equipment, 8, vec![]),
        ] {
            let (here, features) = (here.clone(), features.into_iter().map(str::to_owned).collect());
            tell(it, |it| {
                it.form = Some(form);
                it.capacity = Some(Some(seats));
                it.features = Some(features);
                it.location = Some(here);
            }).await;
        }
        let (kind, seats, has, place) = ("C:calendar-user-type", "N:room-seating-capacity", "N:room-features",
            "N:room-building-address");
        let here = (place, here.as_str());
        let of = |all: &[&User]| {
            let mut all: Vec<String> = all.iter().map(|it| principal_of(it)).collect();
            all.sort();
            all
        };
        for (tests, expected) in [
            (vec![here], of(&[&small, &large, &van])),
            (vec![here, (kind, "room")], of(&[&small, &large])),
            (vec![here, (kind, "resource")], of(&[&van])),
            (vec![here, (seats, "8")], of(&[&large, &van])),
            (vec![here, (seats, "many")], of(&[])),
            (vec![here, (has, "whiteboard")], of(&[&small, &large])),
            (vec![here, (has, "whiteboard,projector"), (kind, "room")], of(&[&large])),
            (vec![here, (seats, "5"), (has, "whiteboard"), (kind, "room")], of(&[&large])),
        ] {
            let mut found = found(&ann, &tests).await;
            found.sort();
            assert_eq!(found, expected, "{tests:?}");
        }
        // The searches of Apple's programs for a place and for a thing.
        for (context, expected) in [("location", &small), ("resource", &van)] {
            let body = format!("<S:search-token>{}</S:search-token><D:prop/>", expected.name);
            let body = body.replace("<D:prop/>", "<D:prop><D:displayname/></D:prop>");
            let root = format!("S:calendarserver-principal-search context=\"{context}\"");
            let text = crate::support::dav::document("S:calendarserver-principal-search", &body)
                .replacen("<S:calendarserver-principal-search", &format!("<{root}"), 1);
            let answer = ann.send("REPORT", "/dav/principals/", &[("Depth", "0")], text).await.expect(207);
            let hrefs = answer.multistatus();
            let hrefs = hrefs.hrefs();
            assert!(hrefs.contains(&principal_of(expected).as_str()), "{context}: {hrefs:?}");
            let other = if context == "location" { &van } else { &small };
            assert!(!hrefs.contains(&principal_of(other).as_str()), "{context}: {hrefs:?}");
        }
    }

    /// A time is found with a room that is as needed, the smallest that suffices and can be booked then.
    async fn a_time_is_found_with_a_room_that_suffices(ann: User, ben: User) {
        let (small, large) = (room(&ann).await, room(&ann).await);
        let here = format!("House {}", ann.name);
        for (it, seats) in [(&small, 6), (&large, 20)] {
            let here = here.clone();
            tell(it, |it| {
                it.capacity = Some(Some(seats));
                it.location = Some(here);
                it.features = Some(vec!["Projector".into()]);
            }).await;
        }
        store(&ben, "a.ics", &booking_of("a", &ben, &small, &on(3, 9), "")).await;
        let told = async |room: Value, rooms: Value| slots(find(&ann, room, rooms).await);
        let any = |capacity: i64, features: Value| json!({
            "capacity": capacity, "features": features, "location": here.to_uppercase(),
        });
        let at = |hour: &str, room: &User| (hour.to_owned(), json!(room.name));
        let both = [at("09", &large), at("10", &small)];
        assert_eq!(told(any(5, json!(["projector"])), json!([])).await, both);
        assert_eq!(told(any(7, json!([])), json!([])).await, [at("09", &large), at("10", &large)]);
        assert!(told(any(21, json!([])), json!([])).await.is_empty());
        assert!(told(any(5, json!(["piano"])), json!([])).await.is_empty());
        let named = json!([small.name, large.name]);
        assert_eq!(told(json!({ "capacity": 7 }), named.clone()).await, [at("09", &large), at("10", &large)]);
        // What would be refused is not told.
        tell(&large, |it| it.longest = Some(Some(1_800))).await;
        tell(&small, |it| it.window_days = Some(Some(30))).await;
        assert_eq!(told(any(5, json!([])), json!([])).await, [at("10", &small), at("11", &small)]);
        tell(&small, |it| it.window_days = Some(Some(2))).await;
        assert!(told(json!({}), named).await.is_empty());
        find(&ann, json!({ "capacity": -1 }), json!([])).await.expect(400);
        find(&ann, json!({ "seats": 1 }), json!([])).await.expect(400);
    }
}
