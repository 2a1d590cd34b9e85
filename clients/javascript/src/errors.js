/** What goes wrong: Cagnotte refused (ApiError), or could not be asked (ConnectionError). */

/** Any error of this client but those of webhooks. */
export class CagnotteError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Cagnotte answered with a problem.
 *
 * `code` is stable, the message is a sentence for people; `errors` says where in the request each fault is.
 */
export class ApiError extends CagnotteError {
  /**
   * @param {{status?: number, code?: string, detail?: string, title?: string, type?: string, request_id?: string,
   *   errors?: Array<{code: string, detail: string, pointer?: string, parameter?: string, header?: string}>}} problem
   * @param {{status: number, requestId: string, retryAfterSeconds: number | null}} answer
   */
  constructor(problem, answer) {
    super(problem.detail || problem.title || `Cagnotte answered with the status ${answer.status}.`);
    this.status = answer.status;
    this.code = problem.code || 'no_problem';
    this.type = problem.type || '';
    this.title = problem.title || '';
    this.requestId = problem.request_id || answer.requestId;
    this.errors = problem.errors || [];
    this.retryAfterSeconds = answer.retryAfterSeconds;
    this.problem = problem;
  }

  /** Where in the body the first fault is, as a JSON pointer such as "#/amount"; null when none is named. */
  get pointer() {
    return this.errors.find((one) => one.pointer)?.pointer ?? null;
  }
}

/** No answer came, after all tries. What was asked may have been done: the same request again finds out. */
export class ConnectionError extends CagnotteError {}
