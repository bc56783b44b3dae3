"""What a Python program that uses `openai` does with responses over a WebSocket."""

from kit import MODEL, check_stream
from responses import LOOK_UP, Case, answer_to, server


class Sockets(Case):
    def turn(self, connection, text, **more):
        """Creates a response; answers its events, or the one error."""
        connection.response.create(**{"model": MODEL, "input": text, **more})
        events = []
        while True:
            event = connection.recv()
            events.append(event)
            if event.type == "error":
                return events
            if event.type in ("response.completed", "response.failed", "response.incomplete"):
                check_stream(events)
                return events

    def told(self, connection, text, **more):
        last = self.turn(connection, text, **more)[-1]
        self.assertEqual(last.type, "response.completed", last)
        return last.response

    def test_turns_that_are_stored_nowhere(self):
        with self.responses.connect() as connection:
            first = self.told(connection, "remember that tea is green", store=False)
            second = self.told(connection, "what is tea?", store=False,
                               previous_response_id=first.id)
        self.assertEqual(second.output_text, "green")
        self.assertEqual(second.previous_response_id, first.id)

    def test_functions_and_servers(self):
        with self.responses.connect() as connection:
            first = self.told(connection, 'call tool look_up with {"city": "Oslo"}',
                              tools=[LOOK_UP], store=False)
            second = self.told(connection, [answer_to(first.output[0], "rain")], tools=[LOOK_UP],
                               store=False, previous_response_id=first.id)
            self.assertEqual(second.output_text, "tool said: rain")
            third = self.told(connection, 'call tool tools__echo with {"text": "tea"}',
                              tools=[server("never")])
            self.assertEqual(third.output_text, "tool said: tea")
        self.assertEqual(self.responses.retrieve(third.id).output_text, "tool said: tea")

    def test_a_warm_up_asks_no_model(self):
        with self.responses.connect() as connection:
            warm = self.told(connection, "remember that tea is green", generate=False, store=False)
            self.assertEqual(warm.output, [])
            told = self.told(connection, "what is tea?", store=False,
                             previous_response_id=warm.id)
        self.assertEqual(told.output_text, "green")

    def test_errors(self):
        with self.responses.connect() as connection:
            for wrong, status, code in [
                ({"previous_response_id": "resp_" + "0" * 32}, 400, "previous_response_not_found"),
                ({"model": "nobody"}, 404, "model_not_found"),
            ]:
                last = self.turn(connection, "hi", **wrong)[-1]
                self.assertEqual((last.type, last.status, last.error.code), ("error", status, code))
            self.assertEqual(self.told(connection, "reply exactly on").output_text, "on")
