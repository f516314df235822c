//! The directory's rows: principals, addresses, groups, domains, app passwords.

use super::given::{moment, user};
use crate::support::on_both;
use davenport::kernel::ids::PrincipalId;
use davenport::store::principal::{self, AppPassword, NewPrincipal, Sought};
use davenport::store::{Store, change_log};

on_both! {
    /// A text is found in names and addresses whatever its case, also in other scripts, page by page,
    /// without what it is not in.
    async fn principals_are_found_by_a_text(fresh: Fresh) {
        let made = [
            ("ada", "Ada ÄRGER", "countess@example.org", 1),
            ("bob", "\u{212a}arl \u{130}nce", "b@example.org", 1),
            ("room", "Room 12", "zimmer@example.org", 3),
            ("team", "Straße", "team@example.org", 2),
        ];
        fresh.write(move |tx| Box::pin(async move {
            for (name, display_name, address, kind) in made {
                let new = NewPrincipal {
                    kind, name, display_name, password: None, administrator: false, quota: None,
                    at: moment(0), zone: None,
                };
                let id = principal::insert(tx, &new).await?;
                principal::add_address(tx, id, address).await?;
                principal::add_address(tx, id, &format!("second-{name}@example.org")).await?;
            }
            for n in 0..1_500 {
                let (name, display_name) = (format!("n{n:04}"), format!("Nora Nummer{n}"));
                let new = NewPrincipal {
                    kind: 1, name: &name, display_name: &display_name, password: None,
                    administrator: false, quota: None, at: moment(0), zone: None,
                };
                principal::insert(tx, &new).await?;
            }
            Ok(())
        })).await.unwrap();
        let find = |kinds: i64, text: &'static str, after: &'static str, limit: i64| async move {
            let found = fresh.read(move |tx| Box::pin(async move {
                let sought = Sought { kinds, text, locked: false };
                principal::search(tx, sought, after, limit).await
            })).await.unwrap();
            found.into_iter().map(|(it, addresses)| (it.name, addresses)).collect::<Vec<_>>()
        };
        let names = |found: Vec<(String, Vec<String>)>| found.into_iter().map(|it| it.0).collect::<Vec<_>>();
        let everyone = 2 + 4 + 8;
        for (text, name) in [
            ("ada ", "ada"), ("countess", "ada"), ("karl", "bob"), ("nce", "bob"),
            ("second-room@", "room"), ("oom 1", "room"), ("team@", "team"), ("nummer1499", "n1499"),
        ] {
            assert_eq!(names(find(everyone, text, "", 9).await), [name], "{text}");
        }
        // Beyond ASCII, whatever has such characters is given; whoever asks looks closer.
        assert!(names(find(everyone, "ärger", "", 9).await).contains(&"ada".to_owned()));
        assert!(names(find(everyone, "straße", "", 9).await).contains(&"team".to_owned()));
        assert_eq!(find(everyone, "%", "", 9).await, []);
        assert_eq!(find(2, "room", "", 9).await, []);
        let found = find(8, "", "", 9).await;
        assert_eq!(found[0].1, ["zimmer@example.org", "second-room@example.org"]);
        assert_eq!(names(find(2, "nora", "n0003", 2).await), ["n0004", "n0005"]);
        assert_eq!(find(2, "nora", "", 9_999).await.len(), 1_500);
    }

    async fn addresses_keep_their_order(fresh: Fresh) {
        let (ada, bob) = (user(fresh, "ada").await, user(fresh, "bob").await);
        for address in ["z@example.org", "a@example.org", "m@example.org"] {
            assert!(add_address(fresh, ada, address).await);
        }
        assert!(!add_address(fresh, bob, "a@example.org").await, "somebody has it");
        assert_eq!(addresses(fresh, ada).await, ["z@example.org", "a@example.org", "m@example.org"]);
        assert_eq!(addresses(fresh, bob).await, [""; 0]);
        let remove = |of| fresh.write(move |tx| Box::pin(principal::remove_address(tx, of, "z@example.org")));
        assert!(!remove(bob).await.unwrap());
        assert!(remove(ada).await.unwrap());
        assert!(add_address(fresh, ada, "z@example.org").await);
        assert_eq!(addresses(fresh, ada).await, ["a@example.org", "m@example.org", "z@example.org"]);
        let found = fresh.read(|tx| Box::pin(principal::by_address(tx, "m@example.org"))).await.unwrap();
        assert_eq!(found.unwrap().id, ada);
        let used = fresh.read(|tx| Box::pin(principal::domain_use(tx, "example.org"))).await.unwrap();
        assert_eq!(used, 3);
        let next = fresh.read(|tx| Box::pin(principal::aliases(tx, "a@example.org", 1))).await.unwrap();
        assert_eq!(next, [("m@example.org".to_owned(), "ada".to_owned())]);
    }

    async fn groups_reach_through_groups_and_loops_end(fresh: Fresh) {
        let mut ids = Vec::new();
        for name in ["ada", "staff", "all", "other"] {
            ids.push(user(fresh, name).await);
        }
        let [ada, staff, all, other] = ids[..] else { unreachable!() };
        fresh.write(move |tx| Box::pin(async move {
            assert!(principal::add_member(tx, staff, ada).await?);
            assert!(!principal::add_member(tx, staff, ada).await?);
            principal::add_member(tx, all, staff).await?;
            principal::add_member(tx, staff, all).await
        })).await.unwrap();
        let mut up = fresh.read(|tx| Box::pin(principal::all_groups(tx, ada))).await.unwrap();
        up.sort();
        assert_eq!(up, [staff, all]);
        assert_eq!(fresh.read(|tx| Box::pin(principal::all_groups(tx, other))).await.unwrap(), []);
        let direct = fresh.read(|tx| Box::pin(principal::groups(tx, ada))).await.unwrap();
        assert_eq!(direct.into_iter().map(|g| g.id).collect::<Vec<_>>(), [staff]);
    }

    async fn an_update_ends_logins_when_told(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        for (ends, generation) in [(false, 0), (true, 1), (true, 2)] {
            fresh.write(move |tx| Box::pin(async move {
                let Some(mut it) = principal::by_id(tx, ada).await? else { panic!("missing") };
                it.locked = ends;
                it.quota = Some(generation);
                principal::update(tx, &it, ends).await
            })).await.unwrap();
            let it = fresh.read(|tx| Box::pin(principal::by_name(tx, "ada"))).await.unwrap().unwrap();
            assert_eq!((it.generation, it.locked, it.quota), (generation, ends, Some(generation)));
        }
    }

    async fn app_passwords_are_found_by_their_hash(fresh: Fresh) {
        let (ada, bob) = (user(fresh, "ada").await, user(fresh, "bob").await);
        let phone = AppPassword {
            name: "phone".into(), protocols: 3, created_at: moment(0), expires_at: Some(moment(9)),
        };
        let add = |of, hash: [u8; 32]| {
            let phone = phone.clone();
            fresh.write(move |tx| Box::pin(async move {
                principal::add_app_password(tx, of, &phone, &hash).await
            }))
        };
        assert!(add(ada, [1; 32]).await.unwrap());
        assert!(!add(ada, [2; 32]).await.unwrap(), "the name is taken");
        let find = |of, hash: [u8; 32]| fresh.read(move |tx| Box::pin(async move {
            principal::find_app_password(tx, of, &hash).await
        }));
        assert_eq!(find(ada, [1; 32]).await.unwrap(), Some(phone.clone()));
        assert_eq!(find(bob, [1; 32]).await.unwrap(), None);
        assert_eq!(find(ada, [2; 32]).await.unwrap(), None);
        let remove = |of| fresh.write(move |tx| Box::pin(principal::remove_app_password(tx, of, "phone")));
        assert!(!remove(bob).await.unwrap());
        assert!(remove(ada).await.unwrap());
        assert_eq!(find(ada, [1; 32]).await.unwrap(), None);
    }

    async fn a_deleted_principal_leaves_no_rows_and_its_number_is_not_reused(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        assert!(add_address(fresh, ada, "ada@example.org").await);
        fresh.write(move |tx| Box::pin(principal::delete(tx, ada))).await.unwrap();
        assert_eq!(addresses(fresh, ada).await, [""; 0]);
        assert!(fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.is_err());
        let next = user(fresh, "ada").await;
        assert!(next > ada);
        assert_eq!(fresh.read(|tx| Box::pin(principal::count(tx, 1))).await.unwrap(), 1);
    }

    async fn domains_are_there_once(fresh: Fresh) {
        for (name, new) in [("b.example", true), ("a.example", true), ("b.example", false)] {
            let added = fresh.write(move |tx| Box::pin(principal::add_domain(tx, name, moment(0))));
            assert_eq!(added.await.unwrap(), new);
        }
        let all = fresh.read(|tx| Box::pin(principal::domains(tx))).await.unwrap();
        let expected = ["a.example", "b.example"].map(|name| (name.to_owned(), moment(0)));
        assert_eq!(all, expected);
        let delete = || fresh.write(|tx| Box::pin(principal::delete_domain(tx, "a.example")));
        assert!(delete().await.unwrap());
        assert!(!delete().await.unwrap());
    }
}

async fn add_address(store: &Store, to: PrincipalId, address: &'static str) -> bool {
    store.write(move |tx| Box::pin(principal::add_address(tx, to, address))).await.unwrap()
}

async fn addresses(store: &Store, of: PrincipalId) -> Vec<String> {
    store.read(|tx| Box::pin(principal::addresses(tx, of))).await.unwrap()
}
