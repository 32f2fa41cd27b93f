/** Which turn this is, for work that is bounded by it. It is counted only while somebody asks, and so costs idle programs nothing. */
import { atTurnEnd, type TurnEndJob } from '@shrapnel/core/parts'

let turn = 0
let isCounting = false
const counter: TurnEndJob = {
  onTurnEnd() {
    turn++
    isCounting = false
  },
}

export function thisTurn(): number {
  if (!isCounting) {
    isCounting = true
    atTurnEnd(counter)
  }
  return turn
}
