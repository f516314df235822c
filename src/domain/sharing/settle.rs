//! The job that brings an account up to date with what is shared with it.

use super::home::{hide, show};
use super::offer::{Offer, offers};
use super::{Level, notice};
use crate::domain::collection::Access;
use crate::domain::collection::mount::{INVITED, MOUNTED};
use crate::domain::directory::{self, Kind as PrincipalKind, Principal};
use crate::domain::retention::Progress;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{MOUNTS_MAX, REPLIES_BATCH};
use crate::kernel::secret::uuid;
use crate::store::mount::Mount;
use crate::store::{Store, Tx, change_log, collection, mount, personal, principal};

/// Brings an account up to date with what is shared with it.
///
/// # Errors
/// The store's own.
pub async fn step(
    store: &Store,
    account: PrincipalId,
    auto_accept: bool,
    now: Timestamp,
) -> Outcome<Progress> {
    let access = Access::of_server(store, now);
    let settle = store.write(move |tx| {
        Box::pin(async move {
            let Some(who) = principal::by_id(tx, account).await? else { return Ok(()) };
            if PrincipalKind::of(&who) == PrincipalKind::Group {
                for member in principal::members(tx, account).await? {
                    directory::sharing_changed(tx, member.id).await?;
                }
                return Ok(());
            }
            Settling { access: &access, who: &who, auto_accept }.run(tx).await
        })
    });
    settle.await.map(|()| Progress::Done)
}

/// The work of one account.
struct Settling<'a> {
    access: &'a Access,
    who: &'a Principal,
    auto_accept: bool,
}

impl Settling<'_> {
    async fn run(&self, tx: &mut Tx) -> Outcome<()> {
        // Locks the account, so that no answer of its owner comes in between.
        change_log::hold(tx, self.who.id).await?;
        let offers = offers(tx, self.access, self.who).await?;
        let have = mount::of_account(tx, self.who.id).await?;
        for it in &have {
            if !offers.iter().any(|offer| offer.target.id == it.target) {
                self.withdraw(tx, it).await?;
            }
        }
        let mut count = have.len();
        for offer in &offers {
            match have.iter().find(|it| it.target == offer.target.id) {
                Some(it) => self.follow(tx, it, offer).await?,
                None if count < MOUNTS_MAX => {
                    self.offer(tx, offer).await?;
                    count += 1;
                }
                None => {}
            }
        }
        self.tell_replies(tx).await
    }

    /// Tells him what others replied to him as an owner.
    async fn tell_replies(&self, tx: &mut Tx) -> Outcome<()> {
        for it in mount::replies(tx, self.who.id, REPLIES_BATCH).await? {
            mount::replied(tx, &it).await?;
            if let Some(target) = collection::by_id(tx, it.target).await? {
                notice::reply(tx, self.access, self.who, &it, &target).await?;
            }
        }
        if !mount::replies(tx, self.who.id, 1).await?.is_empty() {
            directory::sharing_changed(tx, self.who.id).await?;
        }
        Ok(())
    }

    /// What is shared with him anew.
    async fn offer(&self, tx: &mut Tx, offer: &Offer) -> Outcome<()> {
        let mut it = Mount {
            account: self.who.id,
            target: offer.target.id,
            state: INVITED,
            row: None,
            told: offer.rights,
            uid: uuid(),
            reply: false,
        };
        if self.auto_accept {
            it.row = Some(show(tx, self.access, self.who.id, &offer.target, None).await?);
            it.state = MOUNTED;
        }
        mount::set(tx, &it).await?;
        self.tell(tx, &it, offer).await
    }

    async fn tell(&self, tx: &mut Tx, it: &Mount, offer: &Offer) -> Outcome<()> {
        let about = (&offer.target, Level::of(offer.rights));
        notice::invitation(tx, self.access, (self.who, it), about, false).await
    }

    /// What is shared with him otherwise than before.
    async fn follow(&self, tx: &mut Tx, it: &Mount, offer: &Offer) -> Outcome<()> {
        if it.told == offer.rights {
            return Ok(());
        }
        let otherwise = Level::of(it.told) != Level::of(offer.rights);
        let it = Mount { told: offer.rights, ..it.clone() };
        mount::set(tx, &it).await?;
        match otherwise {
            true => self.tell(tx, &it, offer).await,
            false => Ok(()),
        }
    }

    /// What is shared with him no more.
    async fn withdraw(&self, tx: &mut Tx, it: &Mount) -> Outcome<()> {
        mount::remove(tx, it.account, it.target).await?;
        personal::end(tx, it.account, it.target).await?;
        hide(tx, self.access, it).await?;
        match collection::by_id(tx, it.target).await? {
            Some(target) => {
                let about = (&target, Level::of(it.told));
                notice::invitation(tx, self.access, (self.who, it), about, true).await
            }
            None => notice::take_back(tx, self.access, it).await,
        }
    }
}
