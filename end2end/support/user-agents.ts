// What the browsers of some phones call themselves.
const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const IOS_18_1 = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)';
const IOS_18_5 = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)';
const GALAXY_S23 = 'Mozilla/5.0 (Linux; Android 14; SM-S911N)';
const GALAXY_S25 = 'Mozilla/5.0 (Linux; Android 15; SM-S931N)';

export const IPHONE = `${IOS_18_1} ${WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1`;
/** The browser inside KakaoTalk. */
export const KAKAOTALK = `${GALAXY_S23} ${BLINK} Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 KAKAOTALK 2410910`;
const ANDROID_WEBVIEW = `Mozilla/5.0 (Linux; Android 15; SM-S931N Build/AP3A.240905.015.A2; wv) ${BLINK} Version/4.0`;
/** The WebView of a native shell around this app (`docs/SHELL.md`). */
export const ANDROID_SHELL = `${ANDROID_WEBVIEW} Chrome/142.0.7444.102 Mobile Safari/537.36 UmbbaShell/1`;
export const IPHONE_SHELL = `${IOS_18_5} ${WEBKIT} Mobile/15E148 UmbbaShell/1`;

export const PHONES = {
  iphone: `${IOS_18_5} ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
  samsung: `${GALAXY_S25} ${BLINK} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
  chrome: `${GALAXY_S25} ${BLINK} Chrome/142.0.0.0 Mobile Safari/537.36`,
  kakao: `${GALAXY_S25} ${BLINK} Chrome/142.0.0.0 Mobile Safari/537.36 KAKAOTALK 25.1.0`,
};
