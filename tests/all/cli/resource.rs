//! `davenport resource`: what rooms and things are, and who manages them.

use super::Place;
use crate::support::on_both;
use serde_json::{Value, json};

fn what(value: &Value) -> Value {
    let fields = [
        "type",
        "mode",
        "capacity",
        "features",
        "location",
        "window",
        "max_duration",
        "auto_accept",
        "rules",
        "managers",
    ];
    let told = fields.iter().map(|name| ((*name).to_owned(), value[*name].clone()));
    Value::Object(told.collect())
}

on_both! {
    async fn a_resource_is_told_what_it_is_and_by_whom_it_is_managed(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add ann@example.org --no-password").good();
        place.run("group add staff@example.org").good();
        let usual = json!({
            "type": "room", "mode": "automatic", "capacity": null, "features": [], "location": "",
            "window": null, "max_duration": null, "auto_accept": null, "rules": [],
            "managers": [],
        });
        let made = place.run("resource add room@example.org --json").json();
        assert_eq!(what(&made), usual);
        let set = "resource set room@example.org --mode Tentative --capacity 8 --feature projector \
                   --feature whiteboard --location Ground-floor --window 90 --max-duration PT4H \
                   --auto-accept staff@example.org --rule staff@example.org=decline-if-busy \
                   --manager ann@example.org --json";
        let all = json!({
            "type": "room", "mode": "tentative", "capacity": 8,
            "features": ["projector", "whiteboard"], "location": "Ground-floor", "window": 90,
            "max_duration": "PT4H", "auto_accept": "staff@example.org",
            "rules": [{ "group": "staff@example.org", "mode": "decline-if-busy" }],
            "managers": ["ann@example.org"],
        });
        assert_eq!(what(&place.run(set).json()), all);
        assert_eq!(what(&place.run("resource show room@example.org --json").json()), all);
        assert_eq!(what(&place.run("resource list --json").json()[0]), all);
        let shown = place.run("resource show room@example.org").good();
        for text in ["tentative", "projector, whiteboard", "90 days ahead", "PT4H", "ann@example.org"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        // What is not named stays; what is none goes.
        let set = "resource set room@example.org --capacity none --feature none --window none \
                   --max-duration none --auto-accept none --rule none --remove-manager ann@example.org --json";
        let mut few = usual.clone();
        few["mode"] = json!("tentative");
        few["location"] = json!("Ground-floor");
        assert_eq!(what(&place.run(set).json()), few);
        let van = "resource add van@example.org --type equipment --mode none \
                   --manager staff@example.org --json";
        let van = what(&place.run(van).json());
        assert_eq!((&van["type"], &van["mode"]), (&json!("equipment"), &json!("none")));
        assert_eq!(van["managers"], json!(["staff@example.org"]));
        // A group that goes accepts nothing any more.
        place.run("resource set van@example.org --auto-accept staff@example.org \
                   --rule staff@example.org=none").good();
        place.run("group delete staff@example.org --yes").good();
        let van = place.run("resource show van@example.org --json").json();
        assert_eq!((&van["auto_accept"], &van["managers"]), (&Value::Null, &json!([])));
        assert_eq!(van["rules"], json!([]));
    }
}

#[test]
fn what_a_resource_cannot_be_is_refused_and_changes_nothing() {
    let place = Place::with(&["ann"]);
    place.run("resource add room").good();
    let before = place.run("resource list --json").json();
    for (option, why) in [
        ("--mode sometimes", "decline-if-busy"),
        ("--type hall", "equipment"),
        ("--capacity many", "number"),
        ("--window soon", "90"),
        ("--max-duration 4", "PT4H"),
        ("--rule staff", "staff=automatic"),
        ("--rule staff=sometimes", "decline-if-busy"),
    ] {
        let ran = place.run(&format!("resource set room {option}"));
        assert_eq!(ran.code, 2, "{option}");
        assert!(ran.err.contains(why), "{option}: {}", ran.err);
    }
    for (option, why) in [
        ("--capacity 0", "1 to 1000000"),
        ("--window 9999", "1 to 731 days"),
        ("--max-duration PT1S", "from a minute"),
        ("--feature a,b", "without commas"),
        ("--auto-accept ann", "no group"),
        ("--rule ann=automatic", "no group"),
        ("--rule ann=accept-always", "everybody or nobody"),
        ("--manager nobody --capacity 5", "nobody"),
        ("--manager room", "himself"),
    ] {
        let text = place.run(&format!("resource set room {option}")).refused();
        assert!(text.contains(why), "{option}: {text}");
    }
    assert_eq!(place.run("resource set room").code, 2);
    assert_eq!(place.run("resource list --json").json(), before);
    place.run("resource add hall --manager nobody").refused();
    assert_eq!(place.run("resource list --json").json(), before);
}
