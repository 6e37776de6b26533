//! The operations of a busy moment among users who write.

use std::sync::Arc;

use amo_connect_domain::crm::write::{LeadChange, NewLead, NewNote, NewTask, TaskChange, Write};
use futures_util::future::join;

use super::WriteSetup;
use crate::crm::{Hand, amo_user};
use crate::executor::Home;
use crate::setup::timestamp;
use crate::world::World;

/// amoCRM's number of somebody who is no user of the service.
const COLLEAGUE: u64 = 90;

impl World {
    /// Does one operation, drawn at random.
    pub(super) async fn write_operation(self: &Arc<Self>) {
        let user = self.sim.pick(self.setup.users);
        let account = self.sim.pick(self.setup.accounts);
        let instance = self.sim.pick(self.setup.skews.len());
        if self.setup.clocks_jump && self.sim.chance(0.15) {
            return self.jump_clock(instance).await;
        }
        match self.sim.pick(100) {
            0..=45 => self.pursue(self.want(user)).await,
            46..=55 => {
                if let Some(order) = self.old_order(user) {
                    self.pursue(order).await;
                }
            }
            56..=59 => {
                if let Some(order) = self.want_with_old_key(user) {
                    self.pursue(order).await;
                }
            }
            60..=64 => self.ask_twice(self.want(user)).await,
            65..=72 => self.meddle(account),
            73..=78 => self.read_objects(user).await,
            79..=84 => self.crash(instance),
            85..=88 => self.outage(instance),
            89 => self.ban(account),
            90..=92 => {
                self.disconnect(user).await;
                self.connect_by_claim(user).await;
            }
            93..=94 => self.change_mind(user).await,
            95 => self.connect_by_claim(user).await,
            96 => self.switch_off(account).await,
            97 => {
                self.note(Home::Outside, || format!("account {account} moves"));
                self.crm().relocate(account);
            }
            98 => {
                self.note(Home::Outside, || "all access tokens end".to_owned());
                self.crm().expire_access(self.now());
            }
            _ => self.sweep().await,
        }
    }

    /// `user` wants something written, and disconnects meanwhile.
    async fn change_mind(self: &Arc<Self>, user: usize) {
        let disconnecting = async {
            self.sim.sleep(self.sim.millis(0, 2_000)).await;
            self.disconnect(user).await;
        };
        join(self.pursue(self.want(user)), disconnecting).await;
    }

    /// Accounts hold something from the beginning.
    pub(super) fn open_books(&self) {
        self.crm().keep_objects();
        if self.writes.as_ref().is_some_and(WriteSetup::clocks_agree) {
            self.checker().clocks_agree();
        }
        for account in 0..self.setup.accounts {
            let lead = NewLead { name: Some("text 0".to_owned()), ..NewLead::default() };
            self.write_by_hand(account, COLLEAGUE, &Write::Lead(lead));
            self.write_by_hand(account, COLLEAGUE, &Write::Task(self.new_task(1)));
        }
    }

    fn new_task(&self, lead: u64) -> NewTask {
        NewTask { lead, text: self.text(), complete_till: timestamp(0), kind: None, responsible_user: None }
    }

    /// Somebody writes in amoCRM itself: a colleague, or rarely a user of the service.
    fn meddle(&self, account: usize) {
        let author = if self.sim.chance(0.85) { COLLEAGUE } else { amo_user(self.sim.pick(self.setup.users)) };
        let text = self.text();
        let (lead, task) = {
            let crm = self.crm();
            (crm.objects[account].leads().len() as u64, crm.objects[account].tasks().len() as u64)
        };
        let write = match self.sim.pick(6) {
            0 => Write::Lead(NewLead { name: Some(text), ..NewLead::default() }),
            1 => Write::Note(NewNote { lead, text }),
            2 => Write::Task(self.new_task(lead)),
            3 => Write::LeadChange(lead, LeadChange { name: Some(text), ..LeadChange::default() }),
            4 => Write::LeadChange(lead, LeadChange { price: Some(self.sim.pick(5) as u64), ..LeadChange::default() }),
            _ => Write::TaskChange(task, TaskChange { text: Some(text), ..TaskChange::default() }),
        };
        self.write_by_hand(account, author, &write);
    }

    fn write_by_hand(&self, account: usize, author: u64, write: &Write) {
        let by = Hand { author, at: self.amo_clock(), now: self.now() };
        let made = self.crm().objects[account].write(write, by);
        self.note(Home::Outside, || format!("{author} writes in account {account}: {write:?}: {made:?}"));
    }
}
