// Chromium's virtual authenticator: a device with a screen lock that keeps passkeys (Chrome DevTools Protocol,
// WebAuthn domain). Firefox and WebKit have none that a test could drive.
import type { CDPSession, Page } from '@playwright/test';

/** The authenticator of one page. */
export class Authenticator {
  private constructor(
    private readonly cdp: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** `isVerified`: whether the person touches the sensor and it knows them. */
  static async of(page: Page, { isVerified = true } = {}): Promise<Authenticator> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: isVerified,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: true,
        defaultBackupState: true,
      },
    });
    return new Authenticator(cdp, authenticatorId);
  }

  async passkeys() {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.authenticatorId });
    return credentials;
  }

  /** Takes the passkeys of another device, as an account that synchronises them does. */
  async copyFrom(other: Authenticator, changes: object = {}): Promise<void> {
    for (const credential of await other.passkeys()) {
      const { authenticatorId } = this;
      await this.cdp.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: { ...credential, ...changes },
      });
    }
  }

  /** Whether the person touches the sensor at all. */
  async touches(enabled: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  }

  async isVerified(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }
}
