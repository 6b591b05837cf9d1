// How many seconds of a call have gone by, at the rate it is played at.
export class CallClock {
  #startedAt = 0; // milliseconds of the page's own clock
  #startSeconds = 0;
  #rate = 1;

  get seconds() {
    return this.#startSeconds + ((performance.now() - this.#startedAt) / 1000) * this.#rate;
  }

  /** The call is at this second now. */
  set seconds(seconds) {
    this.#startSeconds = seconds;
    this.#startedAt = performance.now();
  }

  /** Go on at another rate. */
  setRate(rate) {
    const { seconds } = this;
    this.seconds = seconds;
    this.#rate = rate;
  }
}
