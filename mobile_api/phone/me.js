/* Who is signed in, and what their posts allow. The server judges; this decides what is shown. */

let me = null;

export const setMe = (answer) => { me = answer; };
export const whoAmI = () => me;
export const may = (action) => me?.permissions.includes(action) ?? false;
export const isMe = (staffId) => me !== null && me.staff.id === staffId;
