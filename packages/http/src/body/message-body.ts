/** The body of a message, which may be a form: that of a part of one may not. */
import { formOf, partsOf } from '../form/form.js'
import type { FormLimits } from '../form/limits.js'
import type { FormParts } from '../form/parts.js'
import { ReceivedBody } from './received-body.js'

export abstract class MessageBody extends ReceivedBody {
  parts(options?: FormLimits): FormParts {
    this.checkUnused()
    return partsOf(this, options)
  }

  async formData(options?: FormLimits): Promise<FormData> {
    this.checkUnused()
    return formOf(this, options)
  }
}
