/* Where the phone is: asked of the browser, with a limit on the wait and plain words on failure. */

const WAIT_MS = 20_000;
const WORDS = {
  1: "没有定位权限。请在手机设置里允许浏览器使用位置，再试一次。",
  2: "现在定不到位（可能没有卫星信号）。请到开阔的地方再试。",
  3: "定位等得太久了。请到开阔的地方再试。",
};

/* {lat, lon, accuracy_m} in WGS-84; throws an Error with words for the person. */
export function whereAmI() {
  return new Promise((found, failed) => {
    if (!navigator.geolocation || !window.isSecureContext) {
      failed(new Error("这个浏览器不能定位（网址要以 https 开头）。"));
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => found({
        lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.min(coords.accuracy, 100_000),
      }),
      (error) => failed(new Error(WORDS[error.code] ?? "定位没有成功，请再试一次。")),
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 10_000 },
    );
  });
}

/* Whether asking would bother nobody: the permission was given before. */
export async function mayAskQuietly() {
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state === "granted";
  } catch {
    return false;
  }
}

/* Metres along a great circle: good enough to read; the server measures for itself. */
export function distanceM(from, to) {
  const rad = Math.PI / 180;
  const half = Math.sin(((to.lat - from.lat) * rad) / 2) ** 2
    + Math.cos(from.lat * rad) * Math.cos(to.lat * rad) * Math.sin(((to.lon - from.lon) * rad) / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.sqrt(half));
}
