"""What a Python program that uses `openai` does with files, and with images by their ids."""

import struct
import unittest

import openai
from openai.types import FileDeleted, FileObject

from kit import MODEL, check, connect


def png(tail):
    """The head of a PNG of two by two pixels; nobody here decodes more."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 2, 2, 8, 6, 0, 0, 0, 0)
    return head + tail


class Files(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)

    def keep(self, name, content, **more):
        options = {"purpose": "user_data", **more}
        return self.client.files.create(file=(name, content), **options)

    def test_a_file_from_its_coming_to_its_end(self):
        kept = self.keep("notes.txt", b"high tide",
                         expires_after={"anchor": "created_at", "seconds": 3600})
        check(FileObject, kept.to_dict())
        self.assertEqual((kept.filename, kept.bytes, kept.status), ("notes.txt", 9, "processed"))
        self.assertEqual(kept.expires_at, kept.created_at + 3600)
        self.assertEqual(self.client.files.retrieve(kept.id), kept)
        self.assertEqual(self.client.files.content(kept.id).read(), b"high tide")
        self.assertEqual(self.client.files.wait_for_processing(kept.id), kept)
        check(FileDeleted, self.client.files.delete(kept.id).to_dict())
        with self.assertRaises(openai.NotFoundError):
            self.client.files.retrieve(kept.id)

    def test_a_list_goes_on_by_itself(self):
        names = [f"page-{number}.txt" for number in range(5)]
        for name in names:
            self.keep(name, name.encode(), purpose="evals")
        found = self.client.files.list(purpose="evals", limit=2, order="asc")
        self.assertEqual([file.filename for file in found], names)

    def test_what_is_wrong_names_its_field(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.keep("a.txt", b"x", purpose="tea")
        self.assertEqual(refused.exception.param, "purpose")
        with self.assertRaises(openai.BadRequestError) as refused:
            self.keep("a.txt", b"")
        self.assertEqual(refused.exception.param, "file")

    def test_a_response_sees_an_image_by_its_id(self):
        image = self.keep("tea.png", png(b"py"), purpose="vision")
        content = [{"type": "input_text", "text": "reply exactly seen"},
                   {"type": "input_image", "file_id": image.id, "detail": "low"}]
        answer = self.client.responses.create(
            model=MODEL, input=[{"role": "user", "content": content}])
        self.assertEqual(answer.output_text, "seen")
        with self.assertRaises(openai.BadRequestError):
            self.client.responses.create(model=MODEL, input=[{"role": "user", "content": [
                {"type": "input_image", "file_id": "file-nowhere", "detail": "low"}]}])
