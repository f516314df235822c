//! What an administrator shares for others.

use super::*;

on_both! {
    /// What a group owns is made for it and shared with itself; everyone has what is said to be everyone's.
    async fn calendars_of_groups_and_public_folders(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice@example.org --no-password").good();
        place.run("group add team@example.org --member alice@example.org").good();
        let add = |rest: &str| place.run(&format!("collection add team@example.org {rest} --json")).json();
        let made = [add("Roster"), add("Customers --address-book"), add("Forms --folder")];
        let homes = ["calendars/team@example.org/", "addressbooks/team@example.org/", "files/team@example.org/Forms/"];
        for (made, home) in made.iter().zip(homes) {
            assert!(made["collection"].as_str().unwrap().starts_with(home), "{made}");
        }
        place.run("collection add team@example.org Forms --folder").refused();
        place.run("collection add team@example.org a/b --folder").refused();
        let share = |verb: &str, rest: &str| place.run(&format!("share {verb} team@example.org {rest} --json"));
        for title in ["Roster", "Customers"] {
            let told = share("add", &format!("{title} --with team@example.org --write")).json();
            assert_eq!((&told[0]["with"], &told[0]["rights"]), (&json!("team@example.org"), &json!("write")));
        }
        let told = share("add", "Forms --everyone").json();
        assert_eq!((&told[0]["with"], &told[0]["rights"]), (&json!("everyone"), &json!("read")));
        share("add", "Forms --public").refused();
        let alices = place.run("share list alice@example.org --json").json();
        assert_eq!(alices.as_array().unwrap().len(), 2, "{alices}");
        assert_eq!(share("list", "").json().as_array().unwrap().len(), 3);
        share("remove", "Forms --everyone").good();
        share("remove", "Roster --with team@example.org").good();
        share("remove", "Forms --everyone").refused();
        assert_eq!(share("list", "").json().as_array().unwrap().len(), 1);
    }

    /// What is shared is added, listed at both ends, changed and removed; a level gives what it says.
    async fn shares_of_accounts(fresh: Fresh) {
        let place = Place::beside(fresh);
        for name in ["alice", "bob", "carl"] {
            place.run(&format!("user add {name}@example.org --no-password")).good();
        }
        place.run("group add team@example.org --member carl@example.org").good();
        let list = |name: &str| place.run(&format!("share list {name}@example.org --json")).json();
        let add = |rest: &str| place.run(&format!("share add alice@example.org {rest} --json"));
        let made = add("Calendar --with bob@example.org --write").json();
        let calendar = made[0]["collection"].as_str().unwrap().to_owned();
        assert!(calendar.starts_with("calendars/alice@example.org/"), "{calendar}");
        let one = |with: &str, rights, status| json!({
            "owner": "alice@example.org", "collection": calendar, "title": "Calendar", "with": format!("{with}@example.org"),
            "rights": rights, "status": status,
        });
        assert_eq!(made, json!([one("bob", "write", "unanswered")]));
        assert_eq!(list("bob"), made, "both ends");
        for (option, rights) in [("--manage", "manage"), ("--write", "manage"), ("", "read"), ("--write", "write")] {
            let made = add(&format!("Calendar --with bob@example.org {option}")).json();
            assert_eq!(made[0]["rights"], json!(rights), "--write takes nothing away, as in Apple's programs");
        }
        add("Calendar --with team@example.org --with bob@example.org --busy").good();
        assert_eq!(list("bob"), json!([]), "there is nothing to show");
        add("Calendar --with team@example.org").good();
        let all = json!([one("bob", "busy", "accepted"), one("team", "read", "accepted")]);
        assert_eq!(list("alice"), all);
        assert_eq!(list("carl"), json!([one("carl", "read", "unanswered")]), "by way of the group");
        assert_eq!(add("Contacts --with bob@example.org").json()[0]["title"], json!("Contacts"));
        let remove = |rest: &str| place.run(&format!("share remove alice@example.org {rest}"));
        remove("Calendar --with bob@example.org --with team@example.org").good();
        remove("Contacts --with bob@example.org").good();
        assert_eq!((list("alice"), list("carl")), (json!([]), json!([])));
        remove("Calendar --with bob@example.org").refused();
        add("Calendar --with nobody@example.org").refused();
        add("Nothing --with bob@example.org").refused();
        assert_eq!(add("Calendar --with bob@example.org --write --busy").code, 2);
    }
}
